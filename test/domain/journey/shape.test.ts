import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type JourneyDefinition, journeyShape } from '../../../domain/journey/definition.ts'
import { anyJourney } from './journeys.ts'

const read = (steps: unknown[], more: Record<string, unknown> = {}) => {
  const result = journeyShape.safeParse({ key: 'j', name: 'J', steps, ...more })
  return result.success ? [] : result.error.issues.map((issue) => `/${issue.path.join('/')}`)
}

describe('reading a journey definition', () => {
  it('gives every well-formed definition back as it is', () => {
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const result: JourneyDefinition = journeyShape.parse(JSON.parse(JSON.stringify(definition)))
        expect(result).toEqual(definition)
      }),
    )
  })

  const send = { id: 'a', type: 'send', message: 'welcome' }
  it.each<[string, unknown[], Record<string, unknown>, string]>([
    ['a step type it does not know', [{ id: 'a', type: 'split', ways: [] }], {}, '/steps/0/type'],
    ['a step without a type', [{ id: 'a' }], {}, '/steps/0/type'],
    ['a step without an id', [{ type: 'exit' }], {}, '/steps/0/id'],
    ['a field of a step it does not know', [{ ...send, priority: 1 }], {}, '/steps/0'],
    ['a field of the journey it does not know', [send], { priority: 1 }, '/'],
    ['a goal without its window', [send], { goal: { trigger: 'order.placed' } }, '/goal/within'],
    [
      'a field of the entry it does not know',
      [send],
      { entry: { trigger: 'a.b', audience: 'all' } },
      '/entry',
    ],
    [
      'a step nested in a way',
      [{ id: 'b', type: 'branch', cases: [{ when: 'true', steps: [{}] }] }],
      {},
      '/steps/0/cases/0/steps/0/type',
    ],
    ['a set without attributes', [{ id: 's', type: 'set', attributes: {} }], {}, '/steps/0/attributes'],
    ['attributes that are a list', [{ id: 's', type: 'set', attributes: ['a'] }], {}, '/steps/0/attributes'],
    [
      'an attribute whose name cannot be stored',
      [{ id: 's', type: 'set', attributes: { 'a\u0000': 1 } }],
      {},
      '/steps/0/attributes',
    ],
    [
      'an attribute whose value cannot be stored',
      [{ id: 's', type: 'set', attributes: { a: ['\ud800'] } }],
      {},
      '/steps/0/attributes',
    ],
    [
      'attributes that are too long',
      [{ id: 's', type: 'set', attributes: { a: 'x'.repeat(10_000) } }],
      {},
      '/steps/0/attributes',
    ],
    [
      'a set that gives an address',
      [{ id: 's', type: 'set', attributes: { a: 1 }, email: 'a@example.com' }],
      {},
      '/steps/0',
    ],
    ['a wait that says neither or both', [{ id: 'w', type: 'wait' }], {}, '/steps/0'],
    [
      'an onUnknown without a moment',
      [{ id: 'w', type: 'wait', for: '1 day', onUnknown: 'exit' }],
      {},
      '/steps/0/onUnknown',
    ],
    [
      'an event of two kinds',
      [{ id: 'w', type: 'waitFor', timeout: '1 day', events: [{ opened: 'a', clicked: 'a', steps: [] }] }],
      {},
      '/steps/0/events/0',
    ],
    [
      'a condition on an interaction',
      [{ id: 'w', type: 'waitFor', timeout: '1 day', events: [{ opened: 'a', where: 'true', steps: [] }] }],
      {},
      '/steps/0/events/0/where',
    ],
    ['an onBlocked it does not know', [{ ...send, onBlocked: 'retry' }], {}, '/steps/0/onBlocked'],
    [
      'a condition that is too long',
      [{ id: 'b', type: 'branch', cases: [{ when: 'x'.repeat(2001), steps: [] }] }],
      {},
      '/steps/0/cases/0/when',
    ],
  ])('refuses %s, and says where', (_, steps, more, pointer) => {
    expect(read(steps, more)).toEqual([pointer])
  })

  it('refuses a definition nested beyond any stack without falling over', () => {
    let deep: unknown = { id: 'x', type: 'exit' }
    for (let i = 0; i < 50_000; i++)
      deep = { id: 'b', type: 'branch', cases: [{ when: 'true', steps: [deep] }] }
    expect(read([deep])).toEqual(['/'])
  })

  it('is described in JSON Schema, each field in words', () => {
    const schema = z.toJSONSchema(journeyShape, { io: 'input' })
    expect(Object.keys(schema.$defs ?? {})).toEqual(
      expect.arrayContaining([
        'Journey',
        'Step',
        'SendStep',
        'WaitStep',
        'WaitForStep',
        'AwaitedEvent',
        'BranchStep',
        'ExitStep',
        'TimeOfDay',
      ]),
    )
    const undescribed: string[] = []
    for (const [name, definition] of Object.entries(schema.$defs ?? {})) {
      for (const [field, property] of Object.entries(definition.properties ?? {})) {
        const plain =
          typeof property === 'object' &&
          ('description' in property || '$ref' in property || 'const' in property)
        if (!plain) undescribed.push(`${name}.${field}`)
      }
    }
    expect(undescribed).toEqual([])
  })
})

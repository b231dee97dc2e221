import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onlyOpensOrClicks } from '../../../domain/journey/awaits.ts'
import { everyStep } from '../../../domain/journey/definition.ts'
import type { Target } from '../../../domain/journey/machineTypes.ts'
import { sendsBefore } from '../../../domain/journey/paths.ts'
import { compilePlan, type Plan } from '../../../domain/journey/plan.ts'
import { anyJourney } from './journeys.ts'

/** All steps some way leads to; `untracked` ways only where they can be taken. */
function reachable(
  plan: Plan,
  canBeUntracked: (id: string) => boolean,
  from: Target = plan.start,
): Set<string> {
  const found = new Set<string>()
  const open: Target[] = [from]
  while (open.length > 0) {
    const id = open.pop()
    if (id === null || id === undefined || found.has(id)) continue
    found.add(id)
    const step = plan.steps[id]
    if (!step || step.type === 'exit') continue
    if (step.type === 'send' || step.type === 'wait' || step.type === 'set') open.push(step.next)
    if (step.type === 'branch') open.push(...step.cases, step.otherwise)
    if (step.type === 'waitFor') {
      open.push(...step.branches, step.onTimeout)
      if (canBeUntracked(id)) open.push(step.onUntracked)
    }
  }
  return found
}

describe('a plan', () => {
  it('has every step of its journey, of the same type, in the same order', () => {
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const plan = compilePlan(definition)
        const steps = [...everyStep(definition.steps)]
        expect(Object.entries(plan.steps).map(([id, step]) => [id, step.type])).toEqual(
          steps.map((step) => [step.id, step.type]),
        )
      }),
    )
  })

  it('reaches exactly the steps the analysis of the definition finds reachable', () => {
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const found = reachable(compilePlan(definition), (id) => onlyOpensOrClicks(definition, id))
        expect([...sendsBefore(definition).keys()].map((step) => step.id).sort()).toEqual([...found].sort())
      }),
      { numRuns: 500 },
    )
  })

  it('ends a wait without a moment wherever some way on comes to a send, unless the step says otherwise', () => {
    let exits = 0
    fc.assert(
      fc.property(anyJourney, (definition) => {
        const plan = compilePlan(definition)
        for (const step of everyStep(definition.steps)) {
          const planned = plan.steps[step.id]
          if (planned?.type !== 'wait' || step.type !== 'wait') continue
          if (step.onUnknown !== undefined) {
            expect(planned.onUnknown).toBe(step.onUnknown)
            continue
          }
          const below = [...reachable(plan, () => true, planned.next)].map((id) => plan.steps[id]?.type)
          if (!below.includes('send')) continue
          expect(planned.onUnknown).toBe('exit')
          exits++
        }
      }),
      { numRuns: 300 },
    )
    expect(exits).toBeGreaterThan(20)
  })

  it('continues after a wait without a moment if no send follows: not beside it, not behind an exit', () => {
    const moment = { type: 'wait', until: 'timestamp(trigger.at)' } as const
    const plan = compilePlan({
      steps: [
        {
          id: 'which',
          type: 'branch',
          cases: [
            { when: 'true', steps: [{ id: 'beside', type: 'send', message: 'm' }] },
            { when: 'true', steps: [{ id: 'due', ...moment }] },
          ],
        },
        { id: 'then', ...moment },
        { id: 'over', type: 'exit' },
      ],
    })
    const onUnknown = (id: string) => plan.steps[id]?.type === 'wait' && plan.steps[id].onUnknown
    expect([onUnknown('due'), onUnknown('then')]).toEqual(['continue', 'continue'])
  })

  it('knows no texts, expressions or message keys', () => {
    const plan = compilePlan({
      steps: [
        { id: 'a', type: 'send', message: 'words3' },
        { id: 'b', type: 'wait', until: 'words4' },
        { id: 's', type: 'set', attributes: { words9: 'words10' } },
        {
          id: 'c',
          type: 'branch',
          cases: [{ when: 'words5', steps: [{ id: 'd', type: 'exit', reason: 'words6' }] }],
        },
        {
          id: 'e',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'words7.x', where: 'words8', steps: [] }],
        },
      ],
    })
    expect(JSON.stringify(plan)).not.toMatch(/words/i)
  })

  it('leads out of nested lists to what comes below their parent', () => {
    const plan = compilePlan({
      steps: [
        {
          id: 'outer',
          type: 'branch',
          cases: [
            {
              when: 'true',
              steps: [
                {
                  id: 'inner',
                  type: 'waitFor',
                  timeout: '1 day',
                  events: [
                    { trigger: 'order.placed', steps: [{ id: 'thanks', type: 'send', message: 'm' }] },
                  ],
                  onTimeout: [],
                },
              ],
            },
          ],
        },
        { id: 'below', type: 'wait', for: '1 day' },
      ],
    })
    expect(plan).toEqual({
      start: 'outer',
      steps: {
        outer: { type: 'branch', cases: ['inner'], otherwise: 'below', next: 'below' },
        inner: {
          type: 'waitFor',
          timeoutMs: 86_400_000,
          branches: ['thanks'],
          onTimeout: 'below',
          onUntracked: 'below',
          next: 'below',
        },
        thanks: { type: 'send', onBlocked: 'continue', expiresMs: null, next: 'below' },
        below: { type: 'wait', ms: 86_400_000, onUnknown: 'continue', next: null },
      },
    })
  })

  it('is not made of a definition that was never checked', () => {
    const journey = (...steps: Parameters<typeof compilePlan>[0]['steps']) => ({ key: 'j', name: 'J', steps })
    expect(() => compilePlan(journey({ id: 'a', type: 'exit' }, { id: 'a', type: 'exit' }))).toThrow(
      TypeError,
    )
    expect(() => compilePlan(journey({ id: 'a', type: 'wait' }))).toThrow(TypeError)
    expect(() => compilePlan(journey({ id: 'a', type: 'wait', for: 'soon' }))).toThrow('Must be a duration')
  })
})

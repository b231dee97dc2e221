/**
 * A condition on a stranger's payload costs a bounded amount of work and memory. The inputs are such that, uncounted, each would take
 * minutes or gigabytes: that the tests end is what they say.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCondition } from '../../../domain/conditions/check.ts'
import { type ConditionBindings, evaluateCondition } from '../../../domain/conditions/evaluate.ts'

const bindings = (trigger: Record<string, unknown>): ConditionBindings => ({
  contact: { attributes: {} },
  trigger,
  event: trigger,
  consent: {},
  now: new Date('2026-11-23T12:00:00Z'),
})
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const costly = { ok: false, message: expect.stringMatching(/too much work/) }

/** `depth` times: what was there before, twice. */
function doubling(
  start: string,
  twice: (name: string) => string,
  result: (name: string) => string,
  depth = 17,
) {
  let text = result(`a${depth}`)
  for (let at = depth; at > 0; at--) text = `cel.bind(a${at}, ${twice(`a${at - 1}`)}, ${text})`
  return `cel.bind(a0, ${start}, ${text})`
}

/** Two lists of many times the list before, `depth` times, and then compared. */
function compared(depth: number): string {
  const many = (name: string) => `[${Array(25).fill(name)}]`
  let text = `a${depth} == b${depth}`
  for (let at = depth; at > 0; at--) {
    text = `cel.bind(a${at},${many(`a${at - 1}`)},cel.bind(b${at},${many(`b${at - 1}`)},${text}))`
  }
  return `cel.bind(a0,[trigger.items],cel.bind(b0,[event.items + []],${text}))`
}

const hostile: [string, string, Record<string, unknown>][] = [
  [
    'a list that is doubled',
    doubling(
      'trigger.items',
      (a) => `${a} + ${a} + ${a}`,
      (a) => `${a}.size() > 0`,
    ),
    { items: numbers(1_000) },
  ],
  [
    'a text that is doubled',
    doubling(
      'trigger.text',
      (a) => `${a} + ${a} + ${a}`,
      (a) => `${a}.contains("y")`,
    ),
    { text: 'x'.repeat(1_000) },
  ],
  ['lists of many times the same list, compared', compared(7), { items: numbers(10) }],
  [
    'a search in a list for each of its items',
    'trigger.items.all(x, x in trigger.items)',
    { items: numbers(30_000) },
  ],
  [
    'a comparison of lists for each item',
    'trigger.items.all(x, trigger.items == event.items + [])',
    { items: numbers(10_000) },
  ],
  [
    'a search in a long text for each item',
    'trigger.items.exists(x, trigger.text.contains("yyy"))',
    { items: numbers(10_000), text: 'x'.repeat(400_000) },
  ],
  [
    'a search that begins to match everywhere',
    'trigger.text.contains(trigger.sought)',
    { text: 'a'.repeat(400_000), sought: `${'a'.repeat(200_000)}b` },
  ],
  [
    'one long text for each item, put together',
    'trigger.items.map(x, trigger.text).join().size() > 0',
    { items: numbers(10_000), text: 'x'.repeat(400_000) },
  ],
  ['an error at each item', 'trigger.items.exists(x, x.missing == 1)', { items: numbers(150_000) }],
  [
    'a time zone for each item',
    'trigger.items.exists(x, now.getHours("Europe/Vienna") == 99)',
    { items: numbers(15_000) },
  ],
  [
    'a pattern of many steps for each item',
    'trigger.items.exists(x, trigger.text.matches("([ab]*a[ab]{300})+c"))',
    { items: numbers(10_000), text: 'abaab'.repeat(800) },
  ],
  ['a duration of many parts', 'duration(trigger.text) > duration("1h")', { text: '1h'.repeat(100_000) }],
  ['a number of many digits', 'duration(trigger.text) > duration("1h")', { text: `${'1'.repeat(400_000)}h` }],
]

describe('a condition that would take too much', () => {
  it.each(hostile)('%s', (_, text, trigger) => {
    expect(checkCondition(text, 'entry')).toEqual({ ok: true })
    const result = evaluateCondition(text, bindings(trigger))
    expect(result).toEqual(costly)
  })

  it('is not made good by an alternative that holds', () => {
    const text = 'trigger.items.all(x, x in trigger.items) || true'
    expect(evaluateCondition(text, bindings({ items: numbers(30_000) }))).toEqual(costly)
    expect(evaluateCondition(text, bindings({ items: numbers(30) }))).toEqual({ ok: true, value: true })
  })

  it('gives the same answer whenever it is asked: what is counted is work, not time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hostile),
        fc.integer({ min: 1, max: 40 }),
        ([, text, trigger], parts) => {
          const smaller = Object.fromEntries(
            Object.entries(trigger).map(([name, value]) => [
              name,
              Array.isArray(value) || typeof value === 'string'
                ? value.slice(0, Math.floor(value.length / parts))
                : value,
            ]),
          )
          const first = evaluateCondition(text, bindings(smaller))
          expect(evaluateCondition(text, bindings(smaller))).toEqual(first)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('an honest condition', () => {
  it.each([
    ['trigger.items.exists(x, x == 999.0)', { items: numbers(1_000) }],
    ['trigger.items.filter(x, x > 1.0).map(x, x + 1.0).exists(x, x > 900.0)', { items: numbers(1_000) }],
    ['trigger.items == event.items', { items: numbers(20_000) }],
    ['trigger.text.contains("needle")', { text: `${'hay '.repeat(50_000)}needle` }],
    ['trigger.items.all(x, x in trigger.items)', { items: numbers(200) }],
    ['trigger.names.all(x, x.matches("^[a-z]+$"))', { names: Array.from({ length: 500 }, () => 'name') }],
  ])('has work enough: %s', (text, trigger) => {
    expect(evaluateCondition(text, bindings(trigger))).toEqual({ ok: true, value: true })
  })
})

/** Random journeys, and the means to run one with random outcomes. */
import fc from 'fast-check'
import { type AwaitedEvent, interactions } from '../../../domain/journey/awaited.ts'
import { everyStep, findStep, type JourneyDefinition } from '../../../domain/journey/definition.ts'
import type { Turn } from '../../../domain/journey/machine.ts'
import type { Answer, SendResult, WaitResult } from '../../../domain/journey/machineTypes.ts'
import type { Step } from '../../../domain/journey/steps/index.ts'

/** Step ids a person could choose, the names of object properties among them. */
const ids = ['constructor', 'toString', 'end', 'valueOf', 'a', 'hasOwnProperty']

const durations = fc.constantFrom('1 hour', '3 days', 'PT90M', '1 day 12 hours')

/** Adds an optional field, or leaves it out. */
function maybe<Key extends string, Value>(
  key: Key,
  value: fc.Arbitrary<Value>,
): fc.Arbitrary<{ [key in Key]?: Value }> {
  return fc.option(value, { nil: undefined }).map((one) => {
    const field: { [key in Key]?: Value } = {}
    if (one !== undefined) field[key] = one
    return field
  })
}

function merged<A, B>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> {
  return fc.tuple(a, b).map(([one, other]) => ({ ...one, ...other }))
}

const sendStep: fc.Arbitrary<Step> = merged(
  fc.record({
    id: fc.constant(''),
    type: fc.constant('send' as const),
    message: fc.constantFrom('welcome', 'reminder'),
  }),
  merged(
    maybe('onBlocked', fc.constantFrom('continue' as const, 'exit' as const)),
    maybe('expires', durations),
  ),
)

const waitStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ id: fc.constant(''), type: fc.constant('wait' as const), for: durations }),
  merged(
    fc.record({
      id: fc.constant(''),
      type: fc.constant('wait' as const),
      until: fc.constantFrom('2026-12-24T18:00:00Z', 'timestamp(trigger.at)', 'trigger.missing', {
        time: '09:00',
        zone: 'contact',
      }),
    }),
    maybe('onUnknown', fc.constantFrom('exit' as const, 'continue' as const)),
  ),
)

const setStep: fc.Arbitrary<Step> = fc.record({
  id: fc.constant(''),
  type: fc.constant('set' as const),
  attributes: fc.constantFrom<Record<string, string | number | null>>(
    { stage: 'welcomed' },
    { score: 1, trialEnds: null },
  ),
})

const exitStep: fc.Arbitrary<Step> = fc
  .constant({ id: '', type: 'exit' as const })
  .map((step) => ({ ...step }))

function stepsOf(depth: number): fc.Arbitrary<Step[]> {
  const flat: fc.WeightedArbitrary<Step>[] = [
    { arbitrary: sendStep, weight: 4 },
    { arbitrary: waitStep, weight: 3 },
    { arbitrary: setStep, weight: 2 },
    { arbitrary: exitStep, weight: 1 },
  ]
  if (depth === 0) return fc.array(fc.oneof(...flat), { maxLength: 2 })
  const inner = stepsOf(depth - 1)
  // The interaction's step is filled in afterwards, when ids are known.
  const event: fc.Arbitrary<AwaitedEvent> = fc.oneof(
    fc.record({ trigger: fc.constant('order.placed'), steps: inner }),
    merged(
      fc.constantFrom(...interactions).map((one): Partial<AwaitedEvent> => ({ [one]: '' })),
      fc.record({ steps: inner }),
    ),
  )
  const waitForStep: fc.Arbitrary<Step> = merged(
    fc.record({
      id: fc.constant(''),
      type: fc.constant('waitFor' as const),
      events: fc.array(event, { minLength: 1, maxLength: 3 }),
      timeout: durations,
    }),
    merged(maybe('onTimeout', inner), maybe('onUntracked', inner)),
  )
  const branchStep: fc.Arbitrary<Step> = merged(
    fc.record({
      id: fc.constant(''),
      type: fc.constant('branch' as const),
      cases: fc.array(fc.record({ when: fc.constant('true'), steps: inner }), { minLength: 1, maxLength: 3 }),
    }),
    maybe('otherwise', inner),
  )
  return fc.array(
    fc.oneof(...flat, { arbitrary: waitForStep, weight: 3 }, { arbitrary: branchStep, weight: 3 }),
    { maxLength: 4 },
  )
}

/** Gives every step an id of its own, and interactions a send step to be about: one above if there is, else they become triggers. */
function named(steps: Step[]): Step[] {
  let count = 0
  const sends: string[] = []
  for (const step of everyStep(steps)) {
    step.id = ids[count] ?? `step-${count}`
    count++
    if (step.type === 'waitFor') {
      for (const event of step.events) {
        for (const one of interactions) {
          if (event[one] === undefined) continue
          const send = sends[count % Math.max(1, sends.length)]
          delete event[one]
          if (send === undefined) event.trigger = 'order.placed'
          else event[one] = send
        }
      }
    }
    if (step.type === 'send') sends.push(step.id)
  }
  return steps
}

/** Any well-formed journey: all step types, three levels deep, with exits that may leave steps unreachable. */
export const anyJourney: fc.Arbitrary<JourneyDefinition> = stepsOf(3).map((steps) => ({
  key: 'random',
  name: 'Random',
  // fast-check shares what it shrinks: each journey is a copy.
  steps: named(structuredClone(steps)),
}))

const sendResults: SendResult[] = ['handed-over', 'blocked', 'failed', 'unknown', 'expired', 'cancelled']

/** One of the answers that the effect of a turn can have, chosen by a number. */
export function answerTo({ place, effect }: Turn, definition: JourneyDefinition, choice: number): Answer {
  const step = place === null ? null : findStep(definition, place.step)
  if (effect.do === 'end' || step === null) throw new TypeError('nothing answers this effect')
  switch (effect.do) {
    case 'send':
      return { type: 'sent', result: sendResults[choice % sendResults.length] ?? 'handed-over' }
    case 'sleep':
      return { type: 'waited', result: effect.ms === null && choice % 3 === 0 ? 'no-moment' : 'elapsed' }
    case 'await': {
      const results: WaitResult[] =
        step.type === 'waitFor' ? step.events.map((_, matched) => ({ matched })) : []
      results.push('timed-out', 'untracked')
      return { type: 'waited', result: results[choice % results.length] ?? 'timed-out' }
    }
    case 'perform': {
      if (step.type !== 'branch') return { type: 'performed', way: null }
      const cases = step.cases.length
      const chosen = choice % (cases + 1)
      return { type: 'performed', way: chosen === cases ? null : chosen }
    }
    default:
      return effect satisfies never
  }
}

/** Freezes a value throughout, so that whoever changes it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}

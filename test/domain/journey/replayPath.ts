/** Feeds a stored path to today's machine: from the same outcomes it must take the same steps. */
import { z } from 'zod'
import { deliveryStates, sendResultOf } from '../../../domain/delivery/states.ts'
import type { JourneyDefinition } from '../../../domain/journey/definition.ts'
import { begin, step, type Turn } from '../../../domain/journey/machine.ts'
import type { Answer, RunEnd } from '../../../domain/journey/machineTypes.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'

/** A row of `run_path`, with the state of the delivery that it names. */
export const pathRowShape = z.object({
  step: z.string(),
  visit: z.number(),
  outcome: z.string(),
  way: z.number().nullable(),
  delivery: z.enum(deliveryStates).nullable(),
})
export type PathRow = z.output<typeof pathRowShape>

/** @returns the steps and visits that the machine takes, and how it ends; `end` null where the path is not at its end */
export function replayPath(
  definition: JourneyDefinition,
  path: readonly PathRow[],
): { taken: { step: string; visit: number }[]; end: RunEnd | null } {
  const plan = compilePlan(definition)
  const taken: { step: string; visit: number }[] = []
  let turn = begin(plan)
  for (const row of path) {
    if (turn.place !== null && turn.place.visit > taken.length)
      taken.push({ step: turn.place.step, visit: turn.place.visit })
    if (turn.effect.do === 'end' || turn.place === null) break
    const answer = answerOf(turn, row)
    if (answer === null) break
    turn = step(plan, turn.place, answer)
  }
  if (turn.effect.do !== 'end') return { taken, end: null }
  const { place, effect } = turn
  if (place !== null && place.visit > taken.length) taken.push({ step: place.step, visit: place.visit })
  return { taken, end: effect.end }
}

/** What the path says came of the effect; null while nothing has. */
function answerOf({ effect }: Turn, { outcome, way, delivery }: PathRow): Answer | null {
  switch (effect.do) {
    case 'send': {
      // A send that ended without a delivery says in the path how.
      const result =
        delivery === null
          ? outcome === 'failed' || outcome === 'expired'
            ? outcome
            : null
          : sendResultOf(delivery)
      return result === null ? null : { type: 'sent', result }
    }
    case 'sleep':
      if (outcome === 'no-moment') return { type: 'waited', result: 'no-moment' }
      return outcome === 'waited' ? { type: 'waited', result: 'elapsed' } : null
    case 'await':
      if (outcome === 'matched') return { type: 'waited', result: { matched: way ?? 0 } }
      return outcome === 'timed-out' || outcome === 'untracked' ? { type: 'waited', result: outcome } : null
    case 'perform':
      return { type: 'performed', way }
    case 'end':
      return null
    default:
      return effect satisfies never
  }
}

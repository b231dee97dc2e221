/**
 * The machine: decides the next step of a run. Pure: `begin` and `step` read only their arguments, do not change them,
 * and return plain JSON. `transactions/runs/advance.ts` drives real runs with it, the simulator simulated ones.
 *
 * 1. From `begin` to its end a run is at exactly one step, and each entry of a step is one visit with one effect.
 * 2. The effect's answer moves the run on, and nothing else does. What ends a run from outside writes its row, and the machine is not
 *    called again.
 * 3. A message that failed, expired, was cancelled or is unknown does not end the run. A blocked one does if its step has
 *    `onBlocked: exit`.
 * 4. Below the last step the run is completed. An ended run keeps the place at which it ended.
 *
 * Stored paths and places depend on this file and on `steps/`: a change that alters an answer takes a new `machineVersion`
 * (`position.ts`).
 */
import { MachineError } from './machineError.ts'
import type { Answer, Effect, Place, Target } from './machineTypes.ts'
import type { Plan } from './plan.ts'
import { planStepOf } from './steps/index.ts'
import type { BoundPlanStep } from './steps/kind.ts'

/** The run's place, and the effect to perform there. `place` null: the run ended before its first step. */
export type Turn = { place: Place | null; effect: Effect }

/** The first turn of a run. */
export function begin(plan: Plan): Turn {
  return enter(plan, null, plan.start)
}

/**
 * The turn that follows an answer to the effect of `place`.
 * @throws MachineError where plan, place and answer do not fit: a programming error, never the fault of a definition or contact
 */
export function step(plan: Plan, place: Place, answer: Answer): Turn {
  const at = boundStep(plan, place.step)
  const leave = at.leave(answer, place.step)
  return 'end' in leave ? { place, effect: { do: 'end', end: leave.end } } : enter(plan, place, leave.to)
}

/** The effect of the step at a place, as entering it gave. */
export function effectOf(plan: Plan, { step: id }: Pick<Place, 'step'>): Effect {
  return boundStep(plan, id).enter()
}

function enter(plan: Plan, from: Place | null, target: Target): Turn {
  if (target === null)
    return { place: from, effect: { do: 'end', end: { state: 'completed', reason: 'end-of-steps' } } }
  const place = { step: target, visit: (from?.visit ?? 0) + 1, loops: from?.loops ?? {} }
  return { place, effect: effectOf(plan, place) }
}

// Step ids are free words: `constructor` is one, so only own properties count.
function boundStep(plan: Plan, id: string): BoundPlanStep {
  const found = Object.hasOwn(plan.steps, id) ? plan.steps[id] : undefined
  if (found === undefined) throw new MachineError('unknown-step', id)
  return planStepOf(found)
}

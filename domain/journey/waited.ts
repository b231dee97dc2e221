/** What the answer of a wait means to the machine. */
import type { Outcome, WaitResult } from './machine.ts'
import type { Plan } from './plan.ts'

/** A `waitFor` is settled by what it was answered; a plain wait has only ended, whatever ended it. */
export function waited(plan: Plan, step: string, visit: number, result: WaitResult): Outcome {
  return plan.steps[step]?.type === 'waitFor'
    ? { type: 'settled', step, visit, result }
    : { type: 'slept', step, visit }
}

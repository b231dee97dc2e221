/**
 * What the database's side answers to the machine's effects, and what an answer means to the machine. Activities and workflow
 * both go by this, so that they mean the same.
 */
import type { Effect, EndState, Outcome, SendResult, WaitResult } from './machine.ts'
import type { Plan } from './plan.ts'

/** How a run ended: codes, never a text about a person. */
export type RunEnd = { state: EndState; reason: string }

/** How a wait stands. */
export type WaitStanding =
  /** Nothing yet; ask again at `until` on the run's own clock. */
  | { wait: string; until: string }
  /** Matched, timed out, untracked; or closed, because somebody ended the run. */
  | WaitResult

/** Somebody ended the run meanwhile. */
type Over = { ended: RunEnd }

/** What the consent activity decided on a send. */
type Decided = { decision: { verdict: 'allow' | 'block' }; ended: RunEnd | null }

/** One effect's answer. `D` is all that is told of a decision. */
export type Answer<D extends Decided = Decided> =
  | { to: 'send'; step: string; visit: number; decided: D }
  | { to: 'wait'; step: string; visit: number; standing: WaitStanding | Over }
  | { to: 'branch'; step: string; visit: number; taken: { case: number | null } | Over }
  | { to: 'end'; step: string | null; visit: number | null; ended: RunEnd }

/** What entering a wait must be told of the effect. `ms` is null where an activity reads the moment from the definition. */
export function waitOf(effect: Extract<Effect, { type: 'sleep' | 'sleepUntil' | 'await' }>): {
  kind: 'sleep' | 'events'
  ms: number | null
} {
  switch (effect.type) {
    case 'await':
      return { kind: 'events', ms: effect.timeoutMs }
    case 'sleep':
      return { kind: 'sleep', ms: effect.ms }
    case 'sleepUntil':
      return { kind: 'sleep', ms: null }
    default:
      return effect satisfies never
  }
}

/** What became of a message. It comes from the delivery only, never along with another answer. */
export type Delivered = {
  to: 'delivery'
  step: string
  visit: number
  delivered: { result: SendResult; ended: RunEnd | null }
}

/** @returns null where the answer alone does not move the run on: a message may leave, a wait is open, the run has ended */
export function outcomeOf(plan: Plan, answer: Answer | Delivered): Outcome | null {
  switch (answer.to) {
    case 'send': {
      const { step, visit, decided } = answer
      if (decided.ended !== null) return stopped(decided.ended)
      return decided.decision.verdict === 'block'
        ? { type: 'delivered', step, visit, result: 'blocked' }
        : null
    }
    case 'delivery': {
      const { step, visit, delivered } = answer
      return delivered.ended === null
        ? { type: 'delivered', step, visit, result: delivered.result }
        : stopped(delivered.ended)
    }
    case 'wait': {
      const { step, visit, standing } = answer
      if (typeof standing === 'object' && 'ended' in standing) return stopped(standing.ended)
      if (standing === 'closed' || (typeof standing === 'object' && 'until' in standing)) return null
      return plan.steps[step]?.type === 'waitFor'
        ? { type: 'settled', step, visit, result: standing }
        : { type: 'slept', step, visit }
    }
    case 'branch': {
      const { step, visit, taken } = answer
      return 'ended' in taken ? stopped(taken.ended) : { type: 'evaluated', step, visit, case: taken.case }
    }
    case 'end':
      return null
    default:
      return answer satisfies never
  }
}

/** The run has been ended by somebody else: an exit trigger, a person. */
function stopped(ended: RunEnd): Outcome {
  const state = ended.state === 'cancelled' || ended.state === 'failed' ? ended.state : 'exited'
  return { type: 'stop', state, reason: ended.reason }
}

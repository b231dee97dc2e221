/**
 * The machine: where a run is, and what is to be done next. Pure: `advance` looks at nothing but its arguments, changes none of
 * them, and answers plain JSON.
 *
 * - A run begins once, with `begin`. From then on it is at exactly one step until it has ended.
 * - Entering a step counts one visit of it and asks for one effect. The effect's answer comes back as an outcome that names
 *   that step and visit, and moves the run on. So at most one effect is pending, and each visit asks for one only.
 * - `stop` (an exit trigger, a cancellation, a failure of the run) acts wherever the run is, also before `begin`, at once: the
 *   pending effect's answer is no longer wanted, and is ignored if it comes.
 * - A wait that answers `closed` moves nothing: whoever closed it has also sent, or is about to send, the stop.
 * - A message that failed, expired, was cancelled or whose fate is unknown does not end the run. A blocked one does where its
 *   step says `onBlocked: exit`.
 * - Reaching the end of the steps completes the run. An ended run keeps the step it was at in `at` (null: beyond the last, or not begun).
 *
 * Histories that are still running depend on this file: a change that alters an answer takes a new `machineVersion`.
 */
import { MachineError } from './machineError.ts'
import type { Plan, PlanStep, PlanWaitFor, Target } from './plan.ts'

/** How a run can end. */
export type EndState = 'completed' | 'exited' | 'cancelled' | 'failed'

export type Ended = {
  state: EndState
  /** A code, never a text about a person: `end-of-steps`, `exit-step`, `blocked`, or what the stop said. */
  reason: string
}

export type MachineState = {
  machineVersion: 1
  status: 'running' | 'ended'
  /** The step the run is at. */
  at: string | null
  /** How often each step was entered; a step that was not has no entry. */
  visits: Record<string, number>
  ended: Ended | null
}

/** What became of a message that was to be sent. */
export type SendResult = 'handed-over' | 'blocked' | 'failed' | 'unknown' | 'expired' | 'cancelled'

/** How a `waitFor` was settled; `matched` is the index of the event in the definition. */
export type WaitResult = { matched: number } | 'timed-out' | 'untracked' | 'closed'

export type Outcome =
  | { type: 'begin' }
  | { type: 'delivered'; step: string; visit: number; result: SendResult }
  | { type: 'slept'; step: string; visit: number }
  | { type: 'settled'; step: string; visit: number; result: WaitResult }
  /** `case` is the index of the first case that holds, null if none does. */
  | { type: 'evaluated'; step: string; visit: number; case: number | null }
  | { type: 'stop'; state: 'exited' | 'cancelled' | 'failed'; reason: string }

export type Effect =
  /** Answered by `delivered`. */
  | { type: 'send'; step: string; visit: number; expiresMs: number | null }
  /** Answered by `slept`. */
  | { type: 'sleep'; step: string; visit: number; ms: number }
  /** Answered by `slept`; which moment is meant, an activity says. */
  | { type: 'sleepUntil'; step: string; visit: number }
  /** Answered by `settled`. */
  | { type: 'await'; step: string; visit: number; timeoutMs: number }
  /** Answered by `evaluated`. */
  | { type: 'evaluate'; step: string; visit: number }
  /** The run has ended; nothing answers it. `step` is where, null beyond the last step. */
  | { type: 'end'; state: EndState; reason: string; step: string | null }

export type Advance = { state: MachineState; effects: Effect[] }

/** A run that has not begun. */
export function initialState(): MachineState {
  return { machineVersion: 1, status: 'running', at: null, visits: {}, ended: null }
}

/**
 * The state after an outcome, and what is to be done then.
 *
 * @throws MachineError where the outcome does not belong to the step and visit the run is at.
 */
export function advance(plan: Plan, state: MachineState, outcome: Outcome): Advance {
  if (state.status === 'ended') return afterEnd(state, outcome)
  if (outcome.type === 'stop') return end(state, outcome.state, outcome.reason)
  if (outcome.type === 'begin') {
    if (state.at !== null) throw new MachineError('already-begun', state.at)
    return enter(plan, state, plan.start)
  }
  if (state.at === null) throw new MachineError('not-begun', outcome.step)
  if (outcome.step !== state.at) throw new MachineError('wrong-step', outcome.step)
  if (outcome.visit !== visitsOf(state, state.at)) throw new MachineError('wrong-visit', outcome.step)
  return leave(plan, state, stepOf(plan, state.at), outcome)
}

type Answer = Exclude<Outcome, { type: 'begin' | 'stop' }>

/** Takes the answer to the step's effect. */
function leave(plan: Plan, state: MachineState, step: PlanStep, answer: Answer): Advance {
  switch (answer.type) {
    case 'delivered':
      if (step.type !== 'send') break
      if (answer.result === 'blocked' && step.onBlocked === 'exit') return end(state, 'exited', 'blocked')
      return enter(plan, state, step.next)
    case 'slept':
      if (step.type !== 'wait') break
      return enter(plan, state, step.next)
    case 'settled':
      if (step.type !== 'waitFor') break
      if (answer.result === 'closed') return { state, effects: [] }
      return enter(plan, state, settledTarget(step, answer.result, answer.step))
    case 'evaluated':
      if (step.type !== 'branch') break
      return enter(
        plan,
        state,
        answer.case === null ? step.otherwise : nth(step.cases, answer.case, answer.step),
      )
    default:
      return answer satisfies never
  }
  throw new MachineError('wrong-outcome', answer.step)
}

function settledTarget(step: PlanWaitFor, result: Exclude<WaitResult, 'closed'>, id: string): Target {
  switch (result) {
    case 'timed-out':
      return step.onTimeout
    case 'untracked':
      return step.onUntracked
    default:
      return nth(step.branches, result.matched, id)
  }
}

/** Goes to a step, or to the end. */
function enter(plan: Plan, state: MachineState, target: Target): Advance {
  if (target === null) return end({ ...state, at: null }, 'completed', 'end-of-steps')
  const step = stepOf(plan, target)
  const visit = visitsOf(state, target) + 1
  const there: MachineState = { ...state, at: target, visits: { ...state.visits, [target]: visit } }
  if (step.type === 'exit') return end(there, 'exited', 'exit-step')
  return { state: there, effects: [effectOf(step, target, visit)] }
}

function effectOf(plan: Exclude<PlanStep, { type: 'exit' }>, step: string, visit: number): Effect {
  switch (plan.type) {
    case 'send':
      return { type: 'send', step, visit, expiresMs: plan.expiresMs }
    case 'wait':
      return plan.kind === 'for'
        ? { type: 'sleep', step, visit, ms: plan.ms }
        : { type: 'sleepUntil', step, visit }
    case 'waitFor':
      return { type: 'await', step, visit, timeoutMs: plan.timeoutMs }
    case 'branch':
      return { type: 'evaluate', step, visit }
    default:
      return plan satisfies never
  }
}

function end(state: MachineState, how: EndState, reason: string): Advance {
  return {
    state: { ...state, status: 'ended', ended: { state: how, reason } },
    effects: [{ type: 'end', state: how, reason, step: state.at }],
  }
}

/** A second stop, and the late answer to the effect that was pending at the first, change nothing. */
function afterEnd(state: MachineState, outcome: Outcome): Advance {
  if (outcome.type === 'stop') return { state, effects: [] }
  if (outcome.type === 'begin') {
    // A stop may overtake the beginning.
    if (state.at === null && Object.keys(state.visits).length === 0) return { state, effects: [] }
    throw new MachineError('already-begun', state.at)
  }
  if (outcome.step === state.at && outcome.visit === visitsOf(state, outcome.step))
    return { state, effects: [] }
  throw new MachineError('wrong-step', outcome.step)
}

// Step ids are free words: `constructor` is one, so only own properties count.
function stepOf(plan: Plan, id: string): PlanStep {
  const step = Object.hasOwn(plan.steps, id) ? plan.steps[id] : undefined
  if (step === undefined) throw new MachineError('unknown-step', id)
  return step
}

function visitsOf(state: MachineState, id: string): number {
  return Object.hasOwn(state.visits, id) ? (state.visits[id] ?? 0) : 0
}

function nth(targets: readonly Target[], index: number, step: string): Target {
  const target = targets[index]
  if (target === undefined) throw new MachineError('no-such-way', step)
  return target
}

/**
 * Having answered, an activity goes on as far as the database alone can carry the run: it enters the wait that comes next, takes
 * the branch, decides on the next send, or ends the run. The way is found by the machine that the workflow itself goes by; the
 * answers stand in the history, and the workflow takes each as if it had asked for it. So a run needs about one activity for each
 * message and each thing it waits for.
 */
import { Context } from '@temporalio/activity'
import type { Decision, DecisionInput } from '../domain/consent/types.ts'
import {
  type Answer as AnswerOf,
  type Delivered,
  outcomeOf,
  type RunEnd,
  waitOf,
} from '../domain/journey/answers.ts'
import { advance, type Effect, type MachineState } from '../domain/journey/machine.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import type { House } from '../transactions/house.ts'
import { endRun } from '../transactions/runs/endRun.ts'
import { enterWait } from '../transactions/runs/enterWait.ts'
import { evaluateBranch } from '../transactions/runs/evaluateBranch.ts'

/** What the consent activity says. */
export type Decided = { input: DecisionInput; decision: Decision; ended: RunEnd | null }
export type Answer = AnswerOf<Decided>

/** Where the run is when an activity is asked, and which clock it goes by. */
export type Whereabouts = {
  journey: string
  version: number
  state: MachineState
  clock: 'real' | 'skipping'
}

/** An answer, and those to the effects after it. */
export type Said<T> = { answer: T; ahead: Answer[] }

/** Steps taken in one go, and milliseconds for them: what is left after that, the workflow asks for. */
const most = 100
const longest = 5_000

/**
 * @param request.now the run's own clock when it asked; going on is by the clock of now, where it is a real one
 * @param answer what goes to the workflow
 * @param meaning what it means to the machine
 */
export async function andOn<T>(
  house: House,
  request: { run: string; now: string; from: Whereabouts | undefined },
  answer: T,
  meaning: Answer | Delivered,
): Promise<T | Said<T>> {
  const { from } = request
  return from === undefined ? answer : { answer, ahead: await goOn(house, { ...request, from }, meaning) }
}

async function goOn(
  house: House,
  { run, now: asked, from }: { run: string; now: string; from: Whereabouts },
  meaning: Answer | Delivered,
): Promise<Answer[]> {
  const answers: Answer[] = []
  const end = performance.now() + longest
  // Aborted where the engine has given this attempt up: then another one carries the run.
  const signal = Context.current().cancellationSignal
  try {
    const { plan } = await house.versions.journey(house.db, from.journey, from.version)
    let { state } = from
    let outcome = outcomeOf(plan, meaning)
    while (outcome !== null && answers.length < most && performance.now() < end && !signal.aborted) {
      const advanced = advance(plan, state, outcome)
      state = advanced.state
      const [effect] = advanced.effects
      if (effect === undefined) break
      const now = from.clock === 'real' ? new Date().toISOString() : asked
      const answer = await answerTo(house, { run, now }, effect, state)
      answers.push(answer)
      outcome = outcomeOf(plan, answer)
    }
  } catch (error) {
    // The activity's own answer stands: it is not done again for this. The workflow asks for what is missing.
    const kind = error instanceof Error ? error.name : 'unknown'
    Context.current().log.warn('could not go on in the same go', { kind })
  }
  return answers
}

async function answerTo(
  house: House,
  { run, now }: { run: string; now: string },
  effect: Effect,
  state: MachineState,
): Promise<Answer> {
  if (effect.type === 'end') {
    const { step, reason } = effect
    const visit = step === null ? null : (state.visits[step] ?? null)
    const ended = await endRun(house, { run, state: effect.state, reason, step, visit, now })
    return { to: 'end', step, visit, ended }
  }
  const { step, visit } = effect
  switch (effect.type) {
    case 'send': {
      const ref = { kind: 'run' as const, run, step, visit }
      return { to: 'send', step, visit, decided: await decideDelivery(house, ref, now) }
    }
    case 'sleep':
    case 'sleepUntil':
    case 'await': {
      const standing = await enterWait(house, { run, step, visit, ...waitOf(effect), now })
      return { to: 'wait', step, visit, standing }
    }
    case 'evaluate':
      return { to: 'branch', step, visit, taken: await evaluateBranch(house, { run, step, visit, now }) }
    default:
      return effect satisfies never
  }
}

/**
 * Having answered, an activity goes on as far as the database alone can carry the run: it enters the wait that comes next, takes
 * the branch, decides on the next send, or ends the run. The way is found by the machine that the workflow itself goes by; the
 * answers stand in the history, and the workflow takes each as if it had asked for it. So a run needs about one activity for each
 * message and each thing it waits for.
 */
import { Context } from '@temporalio/activity'
import type { Decision, DecisionInput } from '../domain/consent/types.ts'
import { type Answer as AnswerOf, outcomeOf, type RunEnd, waitOf } from '../domain/journey/answers.ts'
import { advance, type Effect, type MachineState, type Outcome } from '../domain/journey/machine.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import type { House } from '../transactions/house.ts'
import { endRun } from '../transactions/runs/endRun.ts'
import { enterWait } from '../transactions/runs/enterWait.ts'
import { evaluateBranch } from '../transactions/runs/evaluateBranch.ts'

/** What the consent activity says. */
export type Decided = { input: DecisionInput; decision: Decision; ended: RunEnd | null }
export type Answer = AnswerOf<Decided>

/** Where the run is when an activity is asked. */
export type Whereabouts = { journey: string; version: number; state: MachineState }

/** An answer, and those to the effects after it. */
export type Said<T> = { answer: T; ahead: Answer[] }

/** Steps taken in one go: what is left after that, the workflow asks for. */
const most = 100

/**
 * @param now the run's own clock, RFC 3339
 * @param outcome what the activity's own answer means to the machine; null: the run stays where it is
 */
export async function goOn(
  house: House,
  request: { run: string; now: string; from: Whereabouts },
  outcome: Outcome | null,
): Promise<Answer[]> {
  const answers: Answer[] = []
  try {
    const { journey, version, state: before } = request.from
    const { plan } = await house.versions.journey(house.db, journey, version)
    let state = before
    let next = outcome
    while (next !== null && answers.length < most) {
      const advanced = advance(plan, state, next)
      state = advanced.state
      const [effect] = advanced.effects
      if (effect === undefined) break
      const answer = await answerTo(house, request, effect, state)
      answers.push(answer)
      next = outcomeOf(plan, answer)
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
    return { to: 'end', ended: await endRun(house, { run, state: effect.state, reason, step, visit, now }) }
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

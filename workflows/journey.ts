/**
 * One contact's passage through one journey: a thin shell around the machine. It performs the effects the machine asks for and
 * feeds the outcomes back; every rule is in `domain/journey/machine.ts`, every fact in the database.
 *
 * A signal is only a nudge: something about this run changed in the database. What changed, the next question answers.
 */
import { defineSearchAttributeKey } from '@temporalio/common'
import {
  condition,
  defineSignal,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { WaitAnswer } from '../activities/activities.ts'
import type { DecidedSend } from '../activities/ahead.ts'
import { advance, type Effect, initialState, type Outcome } from '../domain/journey/machine.ts'
import type { Plan } from '../domain/journey/plan.ts'
import { waited } from '../domain/journey/waited.ts'
import { ask, send } from './ask.ts'
import { now, untilThen } from './clock.ts'

export const nudge = defineSignal<[{ wait: string | null; event: string | null }]>('nudge')

const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

/** What a run is started with: ids, keys, and the plan of its version, which never changes. */
export type JourneyInput = { run: string; journey: string; version: number; plan: Plan }

/** @returns how the run ended */
export async function journey(input: JourneyInput): Promise<{ state: string; reason: string }> {
  const { run, plan, version } = input
  let nudged = false
  setHandler(nudge, () => {
    nudged = true
  })
  const show = (state: string) => setCurrentDetails(`**${input.journey}** version ${version}\n\n${state}`)

  /** The decision on the send that comes next, where the question before it has answered that too. */
  let ahead: DecidedSend | null = null
  let { state, effects } = advance(plan, initialState(), { type: 'begin' })
  for (;;) {
    const [effect] = effects
    if (effect === undefined) throw new Error('the machine asked for nothing')
    if (effect.type === 'end') {
      const visit = effect.step === null ? null : (state.visits[effect.step] ?? null)
      const ended = await ask.endRun({
        run,
        state: effect.state,
        reason: effect.reason,
        step: effect.step,
        visit,
        now: now(),
      })
      show(`ended: ${ended.state} (${ended.reason})`)
      upsertSearchAttributes([{ key: stateAttribute, value: ended.state }])
      return ended
    }
    show(`at step \`${effect.step}\`: ${effect.type}`)
    const outcome = await perform(effect)
    const next = advance(plan, state, outcome)
    state = next.state
    effects = next.effects
  }

  async function perform(effect: Exclude<Effect, { type: 'end' }>): Promise<Outcome> {
    const { step, visit } = effect
    switch (effect.type) {
      case 'send': {
        const decided = ahead?.step === step && ahead.visit === visit ? ahead : null
        const answer = await send({ kind: 'run', run, step, visit }, effect.expiresMs, decided)
        return answer.ended !== null
          ? stop(answer.ended)
          : { type: 'delivered', step, visit, result: answer.result }
      }
      case 'sleep':
      case 'sleepUntil':
      case 'await':
        return wait(effect)
      case 'evaluate': {
        const answer = await ask.evaluateBranch({ run, step, visit, now: now(), ...whereabouts() })
        if ('ended' in answer) return stop(answer.ended)
        ahead = answer.decided ?? null
        return { type: 'evaluated', step, visit, case: answer.case }
      }
      default:
        return effect satisfies never
    }
  }

  /** Asks how the wait stands when it begins, when its time has come, and whenever something nudges; the row decides. */
  async function wait(effect: Extract<Effect, { type: 'sleep' | 'sleepUntil' | 'await' }>): Promise<Outcome> {
    const { step, visit } = effect
    const ms = effect.type === 'await' ? effect.timeoutMs : effect.type === 'sleep' ? effect.ms : null
    // Taken down before each question: a nudge that comes while it is answered may already be older than the answer, never newer.
    nudged = false
    const kind = effect.type === 'await' ? 'events' : 'sleep'
    let standing = read(await ask.enterWait({ run, step, visit, ms, kind, now: now(), ...whereabouts() }))
    for (;;) {
      if (standing === 'closed') throw new Error('a wait was closed and its run goes on')
      if (typeof standing === 'object' && 'ended' in standing) return stop(standing.ended)
      if (typeof standing === 'string' || 'matched' in standing) return waited(plan, step, visit, standing)
      const { until } = standing
      show(`waiting at step \`${step}\` until ${until}`)
      await condition(() => nudged, untilThen(until))
      nudged = false
      standing = read(await ask.settleWait({ run, step, visit, now: now(), ...whereabouts() }))
    }
  }

  /** Takes out of an answer what it says of the send that comes next. */
  function read(answer: WaitAnswer): Exclude<WaitAnswer, { settled: unknown }> {
    if (typeof answer !== 'object' || !('settled' in answer)) return answer
    ahead = answer.decided
    return answer.settled
  }

  function whereabouts() {
    return { journey: input.journey, version, state }
  }
}

function stop(ended: { state: string; reason: string }): Outcome {
  const state = ended.state === 'cancelled' || ended.state === 'failed' ? ended.state : 'exited'
  return { type: 'stop', state, reason: ended.reason }
}

/**
 * One contact's passage through one journey: a thin shell around the machine. It performs the effects the machine asks for and
 * feeds the outcomes back; every rule is in `domain/journey/machine.ts`, every fact in the database.
 *
 * A signal is only a nudge: something about this run changed in the database. What changed, the next question answers.
 */
import { defineSearchAttributeKey } from '@temporalio/common'
import { condition, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow'
import type { Answer, Said, Whereabouts } from '../activities/ahead.ts'
import { type Delivered, outcomeOf, type RunEnd, waitOf } from '../domain/journey/answers.ts'
import { advance, type Effect, initialState, type Outcome } from '../domain/journey/machine.ts'
import type { Plan } from '../domain/journey/plan.ts'
import { type Sending, sameSending } from '../domain/journey/signals.ts'
import { summaryOf } from '../domain/journey/summaries.ts'
import { ask, deliver, heard } from './ask.ts'
import { now, untilThen } from './clock.ts'
import { held, nudge } from './signals.ts'

const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

/**
 * What a run is started with: ids, keys, and the plan of its version, which never changes. `skipping`: the engine skips its
 * waits. Runs of before the clock was told are taken for such, which only costs them some questions more.
 */
export type JourneyInput = {
  run: string
  journey: string
  version: number
  plan: Plan
  clock?: 'real' | 'skipping'
}

type Wait = Extract<Effect, { type: 'sleep' | 'sleepUntil' | 'await' }>
type End = Extract<Effect, { type: 'end' }>

/** @returns how the run ended */
export async function journey(input: JourneyInput): Promise<RunEnd> {
  const { run, plan, version, clock = 'skipping' } = input
  let nudged = false
  let sending: Sending | null = null
  const show = (state: string) => setCurrentDetails(`**${input.journey}** version ${version}\n\n${state}`)
  setHandler(nudge, () => {
    nudged = true
  })
  setHandler(held, (told) => {
    if (sending === null || !('step' in sending) || !sameSending(sending, told.sending)) return
    show(`held at step \`${sending.step}\`: ${told.reason}`)
  })

  /** Answers that came with the one before them, in the order of their effects. */
  let ahead: Answer[] = []
  let { state, effects } = advance(plan, initialState(), { type: 'begin' })
  for (;;) {
    const [effect] = effects
    if (effect === undefined) throw new Error('the machine asked for nothing')
    if (effect.type === 'end') {
      const ended = await end(effect)
      show(`ended: ${ended.state} (${ended.reason})`)
      upsertSearchAttributes([{ key: stateAttribute, value: ended.state }])
      return ended
    }
    show(`at step \`${effect.step}\`: ${summaryOf(effect)}`)
    const next = advance(plan, state, await perform(effect))
    state = next.state
    effects = next.effects
  }

  async function perform(effect: Exclude<Effect, End>): Promise<Outcome> {
    switch (effect.type) {
      case 'send':
        return send(effect)
      case 'sleep':
      case 'sleepUntil':
      case 'await':
        return wait(effect)
      case 'evaluate': {
        const { step, visit } = effect
        const branch =
          taken('branch', step, visit)?.taken ??
          (await question((from) =>
            ask(summaryOf(effect)).evaluateBranch({ run, step, visit, now: now(), from }),
          ))
        return leading({ to: 'branch', step, visit, taken: branch })
      }
      default:
        return effect satisfies never
    }
  }

  /** Decides, then delivers. */
  async function send({ step, visit, expiresMs }: Extract<Effect, { type: 'send' }>): Promise<Outcome> {
    const ref = { kind: 'run' as const, run, step, visit }
    const decided =
      taken('send', step, visit)?.decided ??
      (await question((from) => ask(`consent for ${step}`).decideConsent({ ref, now: now(), from })))
    const forestalled = outcomeOf(plan, { to: 'send', step, visit, decided })
    if (forestalled !== null) return forestalled
    sending = { step, visit }
    const delivered = await question((from) => deliver(ref, step, { expiresMs, from }))
    sending = null
    return leading({ to: 'delivery', step, visit, delivered })
  }

  /** Asks how the wait stands when it begins, when its time has come, and whenever something nudges; the row decides. */
  async function wait(effect: Wait): Promise<Outcome> {
    const { step, visit } = effect
    const summary = summaryOf(effect)
    let standing =
      taken('wait', step, visit)?.standing ??
      (await question((from) =>
        ask(`begin to ${summary}`).enterWait({ run, step, visit, ...waitOf(effect), now: now(), from }),
      ))
    for (;;) {
      const outcome = outcomeOf(plan, { to: 'wait', step, visit, standing })
      if (outcome !== null) return outcome
      if (typeof standing !== 'object' || !('until' in standing)) {
        throw new Error('a wait was closed and its run goes on')
      }
      const { until } = standing
      show(`waiting at step \`${step}\` until ${until}`)
      await condition(() => nudged, untilThen(until), { summary })
      standing = await question((from) =>
        ask(`state of wait ${step}`).settleWait({ run, step, visit, now: now(), from }),
      )
    }
  }

  async function end({ state: ending, reason, step }: End): Promise<RunEnd> {
    const visit = step === null ? null : (state.visits[step] ?? null)
    return (
      taken('end', step, visit)?.ended ??
      ask(`end: ${ending}`).endRun({ run, state: ending, reason, step, visit, now: now() })
    )
  }

  /**
   * Asks, and keeps the answers that come along. The nudge is taken down before each question: one that comes while it is
   * answered may already be older than the answer, never newer.
   */
  async function question<T>(asked: (from: Whereabouts) => Promise<T | Said<T>>): Promise<T> {
    nudged = false
    const said = heard(await asked({ journey: input.journey, version, state, clock }))
    ahead = [...said.ahead]
    return said.answer
  }

  /** What an answer means to the machine, where it must mean something. */
  function leading(answer: Answer | Delivered): Outcome {
    const outcome = outcomeOf(plan, answer)
    if (outcome === null) throw new Error('an answer leads nowhere')
    return outcome
  }

  /** The answer that is already there for this visit; what another machine found another way to is asked for anew. */
  function taken<To extends Answer['to']>(
    to: To,
    step: string | null,
    visit: number | null,
  ): Extract<Answer, { to: To }> | null {
    const first = ahead.shift()
    if (first !== undefined && isTo(first, to) && first.step === step && first.visit === visit) return first
    ahead = []
    return null
  }
}

function isTo<To extends Answer['to']>(answer: Answer, to: To): answer is Extract<Answer, { to: To }> {
  return answer.to === to
}

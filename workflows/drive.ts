/**
 * Drives one run, or one request for double opt-in: asks the database what is next, does it, and asks again. It holds no state that
 * counts: whatever is lost with a workflow, the next one reads from the row.
 *
 * 1. A signal is only a reason to ask again. The flag is cleared before each question whose answer may be a wait, so that no signal newer
 *    than the answer is lost.
 * 2. Before every send it asks for consent, visibly. A delivery is asked for only after an allow.
 * 3. It continues as new at a wait, in a workflow task that asks nothing. The engine refuses to close an execution to which a signal came
 *    during the task, and repeats the task with its questions: the shorter it is, the fewer signals can hold it up.
 */
import { defineSearchAttributeKey } from '@temporalio/common'
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  sleep,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Driven } from '../activities/activities.ts'
import type { Next } from '../domain/journey/next.ts'
import { alarm } from './alarm.ts'
import { ask, deliver } from './ask.ts'
import { type End, onCancel } from './cancelling.ts'
import { now } from './clock.ts'
import { patiently, pause } from './patience.ts'
import { nudge } from './signals.ts'
import { timerText, waitText } from './texts.ts'

const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

/** Ids, keys and codes: it is in the history. */
export type DriveInput = {
  driven: Driven
  /** For the current details in the Temporal UI: `**abandoned-cart** version 3`. */
  title: string
  /** What was next when the workflow was started. */
  first: Next
}

/** @returns how the run or the request ended */
export async function drive(input: DriveInput): Promise<End> {
  const { driven } = input
  let nudged = false
  /** Questions for consent in a row that got no answer. */
  let undecided = 0
  setHandler(nudge, () => {
    nudged = true
  })
  const timer = alarm()
  const cancel = onCancel(driven)
  const show = (state: string) => setCurrentDetails(`${input.title}\n\n${state}`)
  return CancellationScope.nonCancellable(loop)

  async function loop(): Promise<End> {
    let next = input.first
    for (;;) {
      if (cancel.requested()) {
        finish((await cancel.end()) ?? { state: 'cancelled', reason: 'cancelled' })
        throw new CancelledFailure('cancelled in Temporal')
      }
      if (next.do === 'end') return finish(next)
      next = await after(next)
    }
  }

  function finish({ state, reason }: End): End {
    timer.cancel()
    show(`ended: ${state} (${reason})`)
    upsertSearchAttributes([{ key: stateAttribute, value: state }])
    return { state, reason }
  }

  async function after(next: Exclude<Next, { do: 'end' }>): Promise<Next> {
    switch (next.do) {
      case 'again':
        return advance('advance')
      case 'send':
        return send(next.delivery, next.what)
      case 'wait':
        return wait(next)
      default:
        return next satisfies never
    }
  }

  async function send(delivery: string, what: string): Promise<Next> {
    timer.cancel()
    show(`sending ${what}`)
    const verdict = await consentFor(delivery, what)
    return verdict === 'allow' ? handOver(delivery, what) : advance(`advance after ${what}`)
  }

  /** The consent activity. Null: no answer, so the row is asked anew: the send's time may be over, or the run ended. */
  async function consentFor(delivery: string, what: string): Promise<'allow' | 'block' | null> {
    try {
      const { decision } = await ask(`consent for ${what}`).decideConsent({ driven, delivery, now: now() })
      undecided = 0
      return decision.verdict
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
      await pause(undecided++)
      return null
    }
  }

  /** The claim decides again, and its word counts. */
  async function handOver(delivery: string, what: string): Promise<Next> {
    try {
      nudged = false
      return await deliver(what, { driven, delivery, now: now() })
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
      await sleep('1 minute', { summary: `${what} was interrupted, try again` })
      return advance(`advance after ${what}`)
    }
  }

  async function wait(next: Extract<Next, { do: 'wait' }>): Promise<Next> {
    show(waitText(driven.kind, next))
    timer.set(next.until, timerText(next))
    await condition(() => nudged || cancel.requested() || timer.rang())
    if (workflowInfo().continueAsNewSuggested) {
      // The task so far may hold the question that led here. What follows the timer is a task of its own.
      await sleep(1, { summary: 'continue as new' })
      await condition(allHandlersFinished)
      // Nothing has to be carried over: the next execution asks.
      if (!cancel.requested())
        return continueAsNew<(next: DriveInput) => Promise<End>>({ ...input, first: { do: 'again' } })
    }
    return advance(`advance after ${next.what}`)
  }

  function advance(summary: string): Promise<Next> {
    return patiently(() => {
      nudged = false
      return ask(summary).advance({ driven, now: now() })
    })
  }
}

/**
 * Drives one run, or one request for double opt-in: asks the database what is next, does it, and asks again. It holds no state of its own:
 * if a workflow is lost, the next one reads everything from the row.
 *
 * 1. A signal is only a reason to ask again. The flag is cleared before each `advance`, so that a signal newer than its answer is not lost.
 * 2. Before every send it calls the consent activity, visibly in the history. It delivers only after an allow.
 * 3. It continues as new at a wait, in a workflow task that calls nothing. If a signal arrives during the task, the engine does not close
 *    the execution and repeats the task with its calls: the shorter the task, the fewer signals can delay it.
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

/** Contains only ids, keys and codes, because the history stores it. */
export type DriveInput = {
  driven: Driven
  /** Shown as the current details in the Temporal UI: `**abandoned-cart** version 3`. */
  title: string
  /** What was next at the start of the workflow. */
  first: Next
}

/** @returns how the run or the request ended */
export async function drive(input: DriveInput): Promise<End> {
  const { driven } = input
  let nudged = false
  /** Consent calls in a row without an answer. */
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

  /** Calls the consent activity. Null: no answer. Then ask what is next: the send may have expired, or the run may have ended. */
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

  /** Delivers. The claim decides again, and that decision is final. */
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
      // The current task may contain the call that led here. The timer starts a new task.
      await sleep(1, { summary: 'continue as new' })
      await condition(allHandlersFinished)
      // No state is carried over: the next execution asks what is next.
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

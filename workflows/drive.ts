/**
 * Drives one run, or one request for double opt-in: asks the database what is next, does it, and asks again. It holds no state that
 * counts: whatever is lost with a workflow, the next one reads from the row.
 *
 * A signal is only a reason to ask again; the row decides. The flag is cleared before each question whose answer may be a wait, so
 * that no signal newer than the answer is lost.
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
import { now } from './clock.ts'
import { nudge } from './signals.ts'

const stateAttribute = defineSearchAttributeKey('AssentState', 'KEYWORD')

/** Ids, keys and codes: it stands in the history. */
export type DriveInput = {
  driven: Driven
  /** For the current details in the Temporal UI: `**abandoned-cart** version 3`. */
  title: string
  /** What was next when the workflow was started. */
  first: Next
}

type End = { state: string; reason: string }

/** @returns how the run or the request ended */
export async function drive(input: DriveInput): Promise<End> {
  const { driven } = input
  let nudged = false
  /** Questions for consent in a row that got no answer. */
  let undecided = 0
  /** Set once the workflow was cancelled in Temporal: resolves when the row has ended. */
  let cancelling: Promise<End | null> | null = null
  setHandler(nudge, () => {
    nudged = true
  })
  const timer = alarm()
  const show = (state: string) => setCurrentDetails(`${input.title}\n\n${state}`)

  // Cancelled in Temporal: the row ends at once, so that nothing more is claimed; a hand-over under way is heard to its end.
  CancellationScope.current().cancelRequested.catch(() => {
    cancelling = CancellationScope.nonCancellable(() => patiently(() => ask('cancel').cancel({ driven })))
  })
  return CancellationScope.nonCancellable(loop)

  async function loop(): Promise<End> {
    let next = input.first
    for (;;) {
      if (cancelling !== null) {
        finish(await cancelling)
        throw new CancelledFailure('cancelled in Temporal')
      }
      if (next.do === 'end') return finish(next)
      next = await after(next)
    }
  }

  function finish(end: End | null): End {
    timer.cancel()
    const { state, reason } = end ?? { state: 'cancelled', reason: 'cancelled' }
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

  /** Asks for consent, visibly, before every send; the claim decides again. */
  async function send(delivery: string, what: string): Promise<Next> {
    timer.cancel()
    show(`sending ${what}`)
    let verdict: 'allow' | 'block'
    try {
      const { decision } = await ask(`consent for ${what}`).decideConsent({ driven, delivery, now: now() })
      verdict = decision.verdict
      undecided = 0
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
      // The row is asked anew: the send's time may be over by now, the run ended, or its position unreadable.
      await sleep(pauseAfter(undecided++), { summary: 'no answer, ask again' })
      return advance(`advance after ${what}`)
    }
    if (verdict === 'block') return advance(`advance after ${what}`)
    try {
      nudged = false
      return await deliver(what, { driven, delivery, now: now() })
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
      await sleep('1 minute', { summary: `${what} was interrupted, try again` })
      return advance(`advance after ${what}`)
    }
  }

  async function wait({ until, what, why, reason }: Extract<Next, { do: 'wait' }>): Promise<Next> {
    show(waitingText(driven.kind, { until, what, why, reason }))
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished)
      // Nothing has to be carried over: the next execution asks.
      return continueAsNew<(next: DriveInput) => Promise<End>>({ ...input, first: { do: 'again' } })
    }
    timer.set(until, `${summaryOf(what, why)}, until ${until}`)
    await condition(() => nudged || cancelling !== null || timer.rang())
    return advance(`advance after ${what}`)
  }

  async function advance(summary: string): Promise<Next> {
    return patiently(() => {
      nudged = false
      return ask(summary).advance({ driven, now: now() })
    })
  }

  /**
   * A database that is away is no reason to lose a run. What a local activity throws arrives as it is, an activity's as the cause of an
   * `ActivityFailure`: both are caught, since nothing here is cancelled.
   */
  async function patiently<T>(question: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await question()
      } catch (error) {
        if (!(error instanceof TemporalFailure)) throw error
        await sleep(pauseAfter(failures), { summary: 'no answer, ask again' })
      }
    }
  }
}

/** Milliseconds, from 10 seconds to 10 minutes. @param failures before this one */
function pauseAfter(failures: number): number {
  return Math.min(10_000 * 2 ** Math.min(failures, 10), 600_000)
}

/** Of a timer, in the Temporal UI. */
function summaryOf(what: string, why: string): string {
  if (why === 'confirmation') return 'wait for the confirmation'
  return why === 'held' ? `held ${what}` : `wait ${what}`
}

/** For the current details in the Temporal UI. */
function waitingText(
  kind: Driven['kind'],
  wait: { until: string | null; what: string; why: string; reason: string | undefined },
): string {
  const { what, why, reason } = wait
  const end = wait.until === null ? '' : ` until ${wait.until}`
  if (why === 'parked') return `parked (${what}): an operator has to look at it`
  const where = kind === 'run' ? `at step \`${what}\`` : what
  if (why === 'held')
    return `held ${where}: ${reason ?? 'not sent yet'}; tried again at ${wait.until ?? 'a release'}`
  if (why === 'paused') return `paused ${where}`
  return kind === 'run' ? `waiting ${where}${end}` : `waiting for the ${what}${end}`
}

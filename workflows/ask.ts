/**
 * How workflows ask for activities. What only touches our database is asked locally: one marker in the history, and retried
 * until it answers, since a database that is away is no reason to lose a run. A delivery is an activity of its own, because it
 * may take long and must be seen to be alive.
 */
import { ActivityFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/activities.ts'
import type { Said, Whereabouts } from '../activities/ahead.ts'
import type { DeliverAnswer } from '../activities/deliver.ts'
import { now } from './clock.ts'

/** The activities that only touch our database. @param summary what the Temporal UI shows beside the call: step ids, no texts */
export function ask(summary: string): Omit<Activities, 'deliver'> {
  return proxyLocalActivities<Omit<Activities, 'deliver'>>({
    startToCloseTimeout: '20 seconds',
    localRetryThreshold: '10 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
    summary,
  })
}

/** A provider that is away is tried for this long, where the step names no shorter time. */
const patienceMs = 3 * 86_400_000

type Ref = Parameters<Activities['deliver']>[0]['ref']

/**
 * Has a message delivered that the consent activity allowed. The delivery decides again under the lock, and its word counts.
 * @param what step id, or which mail: for the summary
 * @param options.expiresMs milliseconds after which a message still held back is not sent any more; null: no end of its own
 * @param options.from where the run is, if the delivery is to go on from there
 */
export async function deliver(
  ref: Ref,
  what: string,
  options: { expiresMs: number | null; from: Whereabouts | null },
): Promise<DeliverAnswer | Said<DeliverAnswer>> {
  const { expiresMs, from } = options
  const asked = proxyActivities<Activities>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '15 seconds',
    scheduleToCloseTimeout: Math.min(expiresMs ?? patienceMs, patienceMs),
    retry: { initialInterval: '1 second', maximumInterval: '10 minutes' },
    summary: `send ${what}`,
  })
  try {
    return await asked.deliver({ ref, expiresMs, now: now(), ...(from === null ? {} : { from }) })
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    // A step's longer time has not passed where our own patience ended first.
    const expired = expiresMs !== null && expiresMs <= patienceMs
    return ask(`give up ${what}`).giveUp({ ref, expired, now: now() })
  }
}

/** An answer that came alone has nothing ahead. */
export function heard<T>(said: T | Said<T>): Said<T> {
  return isSaid(said) ? said : { answer: said, ahead: [] }
}

function isSaid<T>(said: T | Said<T>): said is Said<T> {
  return typeof said === 'object' && said !== null && 'ahead' in said
}

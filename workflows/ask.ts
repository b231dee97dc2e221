/**
 * How workflows ask for activities. What only touches our database is asked locally: one marker in the history, and retried
 * until it answers, since a database that is away is no reason to lose a run. A delivery is an activity of its own, because it
 * may take long and must be seen to be alive.
 */
import { ActivityFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/activities.ts'
import { now } from './clock.ts'

export const ask = proxyLocalActivities<Omit<Activities, 'deliver'>>({
  startToCloseTimeout: '20 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
})

/** A provider that is away is tried for this long, where the step names no shorter time. */
const patienceMs = 3 * 86_400_000

type Ref = Parameters<Activities['deliver']>[0]['ref']
type Answer = Awaited<ReturnType<Activities['deliver']>>
type Decided = Awaited<ReturnType<Activities['decideConsent']>>

/**
 * Decides, then delivers. The decision stands in the history; the delivery decides again under the lock, and its word counts.
 * @param decided the decision, where the question before has answered it too
 */
export async function send(ref: Ref, expiresMs: number | null, decided: Decided | null): Promise<Answer> {
  const { decision, ended } = decided ?? (await ask.decideConsent({ ref, now: now() }))
  if (ended !== null) return { result: 'cancelled', ended }
  if (decision.verdict === 'block') return { result: 'blocked', ended: null }
  const { deliver } = proxyActivities<Activities>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '15 seconds',
    scheduleToCloseTimeout: Math.min(expiresMs ?? patienceMs, patienceMs),
    retry: { initialInterval: '1 second', maximumInterval: '10 minutes' },
  })
  try {
    return await deliver({ ref, expiresMs, now: now() })
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    // A step's longer time has not passed where our own patience ended first.
    return ask.giveUp({ ref, expired: expiresMs !== null && expiresMs <= patienceMs, now: now() })
  }
}

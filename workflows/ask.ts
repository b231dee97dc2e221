/**
 * How workflows call activities. An activity that only uses our database is a local activity: one marker in the history. A delivery is a
 * regular activity, because it may take long and needs heartbeats.
 */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/activities.ts'

/**
 * Nine attempts with their pauses take about a minute. The SDK's core does not apply `scheduleToCloseTimeout` to attempts that fail
 * quickly: without a limit it would retry for ever, and the history would grow by three events every few seconds.
 */
const attempts = 9

/** The activities that only use our database. @param summary shown beside the call in the Temporal UI: step ids, no texts */
export function ask(summary: string): Omit<Activities, 'deliver'> {
  return proxyLocalActivities<Omit<Activities, 'deliver'>>({
    startToCloseTimeout: '20 seconds',
    scheduleToCloseTimeout: '1 minute',
    localRetryThreshold: '10 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds', maximumAttempts: attempts },
    summary,
  })
}

/**
 * Delivers a message that the consent activity allowed. The delivery decides again under the lock, and that decision is final.
 * @param what step id, or which mail; shown in the summary
 * @returns what is next
 */
export function deliver(
  what: string,
  request: Parameters<Activities['deliver']>[0],
): ReturnType<Activities['deliver']> {
  return proxyActivities<Activities>({
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
    summary: `send ${what}`,
  }).deliver(request)
}

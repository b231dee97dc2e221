/**
 * How workflows call activities. What only touches our database is a local activity: one marker in the history. A delivery is an
 * activity of its own, since it may take long and must be seen to be alive.
 */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/activities.ts'

/**
 * Nine attempts with the pauses between them take about a minute. The engine's core does not hold `scheduleToCloseTimeout` against
 * attempts that fail quickly: without a number it would try for ever, and the history grow by three events every few seconds.
 */
const attempts = 9

/** The activities that only touch our database. @param summary what the Temporal UI shows beside the call: step ids, no texts */
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
 * Has a message delivered that the consent activity allowed. The delivery decides again under the lock, and its word counts.
 * @param what step id, or which mail: for the summary
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

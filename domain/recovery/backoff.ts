/** How often a run's workflow is started again, and how long recovery waits in between. */

/** Starts without progress after which a run is parked: an operator has to look at it. */
export const mostRecoveries = 8

const minute = 60_000
const day = 86_400_000

/**
 * Milliseconds until the next look: one minute, three times as long each time, at most a day.
 * @param recoveries made before this one
 */
export function pauseAfter(recoveries: number): number {
  return Math.min(minute * 3 ** Math.min(recoveries, 20), day)
}

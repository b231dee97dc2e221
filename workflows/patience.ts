/** Asks until there is an answer: a database that is away is no reason to lose a run. */
import { sleep, TemporalFailure } from '@temporalio/workflow'

/**
 * @throws whatever is no failure of the engine or of an activity. What a local activity throws arrives as it is, an activity's as the
 * cause of an `ActivityFailure`: both are caught, since nothing here is cancelled.
 */
export async function patiently<T>(question: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await question()
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
      await pause(failures)
    }
  }
}

/** Sleeps before the next question: 10 seconds, then twice as long each time, up to 10 minutes. @param failures before this one */
export function pause(failures: number): Promise<void> {
  return sleep(Math.min(10_000 * 2 ** Math.min(failures, 10), 600_000), { summary: 'no answer, ask again' })
}

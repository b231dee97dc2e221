/** Retries until there is an answer: an unreachable database must not fail a run. */
import { sleep, TemporalFailure } from '@temporalio/workflow'

/**
 * @throws errors that are neither failures of the engine nor of an activity. The error of a local activity arrives unwrapped, that of a
 * regular activity as the cause of an `ActivityFailure`. Both are caught, since this scope is never cancelled.
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

/** Sleeps before the next attempt: 10 seconds, then twice as long each time, up to 10 minutes. @param failures before this one */
export function pause(failures: number): Promise<void> {
  return sleep(Math.min(10_000 * 2 ** Math.min(failures, 10), 600_000), { summary: 'no answer, ask again' })
}

/** Runs a request's work in a thread, and refuses the request if the work was not done. */
import { Refusal } from '../domain/refusal.ts'
import type { JobInput, JobName, JobOutput } from '../threads/jobs.ts'
import { JobStopped } from '../threads/pool.ts'
import type { Deps } from './deps.ts'

/**
 * @param group jobs of one group share limits: the key of a message, the name of a trigger
 * @param tooCostly makes the refusal if the job exceeded its time or memory
 * @throws Refusal `tooCostly`, or `busy` if too many such jobs wait
 */
export async function inThread<Name extends JobName>(
  deps: Deps,
  name: Name,
  group: string,
  input: JobInput<Name>,
  tooCostly: () => Refusal,
): Promise<JobOutput<Name>> {
  try {
    return await deps.threads.run(name, group, input)
  } catch (error) {
    if (!(error instanceof JobStopped)) throw error
    if (error.code === 'deadline' || error.code === 'memory') throw tooCostly()
    throw new Refusal('busy', 'Too many such requests are being worked on. Repeat this one in a moment.', {
      retryAfter: 5,
    })
  }
}

/** What the pool and its threads tell each other. Both ends are of this code, so that their shapes need no check. */
import type { JobInput, JobName } from './jobs.ts'

/** To a thread: one job. */
export type Order<Name extends JobName = JobName> = { name: Name; input: JobInput<Name> }

/** From a thread: first that it is ready, then one answer for each job. */
export type Report =
  | { kind: 'ready' }
  | { kind: 'done'; output: unknown }
  | { kind: 'failed'; name: string; message: string }

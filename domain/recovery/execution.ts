/** What the latest execution of a workflow says about its row. */

export type Execution = {
  /** As Temporal names it: `RUNNING`, `TERMINATED` … */
  status: string
  /** Who terminated it, as its close event says; null for any other end. Empty where the Temporal UI has no logins. */
  terminatedBy: string | null
}

/** `gone`: nobody drives the row any more. `person`: somebody ended it on purpose. */
export type Standing = 'runs' | 'gone' | 'person'

/** Under these names the server itself terminates: limits of a history, and the execution that a reset replaces. */
const server: ReadonlySet<string> = new Set(['history-service', 'history-resetter'])

/** What our own clients say who they are begins with this. */
export const ownIdentity = 'assent'

/** @param execution null where the engine knows none, or has deleted it */
export function standingOf(execution: Execution | null): Standing {
  if (execution === null) return 'gone'
  switch (execution.status) {
    case 'COMPLETED':
    case 'FAILED':
    case 'TIMED_OUT':
      return 'gone'
    // Only a cancel request cancels: the workflow ends its row at once, but it may have been restored to before that.
    case 'CANCELLED':
      return 'person'
    case 'TERMINATED':
      return isPerson(execution.terminatedBy ?? '') ? 'person' : 'gone'
    // Running, paused, continued as new, or a state that we do not know: it is somebody's.
    default:
      return 'runs'
  }
}

function isPerson(identity: string): boolean {
  return !server.has(identity) && identity !== ownIdentity && !identity.startsWith(`${ownIdentity}@`)
}

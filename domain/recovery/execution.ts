/** What the latest execution of a workflow means for its row. */

export type Execution = {
  /** Temporal's status: `RUNNING`, `TERMINATED` … */
  status: string
  /**
   * Identity in the close event of a terminated workflow; null for any other end. Empty if the Temporal UI has no
   * logins.
   */
  terminatedBy: string | null
}

/** `gone`: no workflow drives the row any more. `person`: a person ended it on purpose. */
export type Standing = 'runs' | 'gone' | 'person'

/**
 * Identities with which the server itself terminates: at the limits of a history, and the execution that a reset
 * replaces.
 */
const server: ReadonlySet<string> = new Set(['history-service', 'history-resetter'])

/** Prefix of the identity of our own clients. */
export const ownIdentity = 'assent'

/** @param execution null if the engine knows none or has deleted it */
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
    // Running, paused, continued as new, or an unknown status: leave it alone.
    default:
      return 'runs'
  }
}

function isPerson(identity: string): boolean {
  return !server.has(identity) && identity !== ownIdentity && !identity.startsWith(`${ownIdentity}@`)
}

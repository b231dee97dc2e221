/**
 * The order in which recovery checks all open runs and requests after the engine has changed: first those under way,
 * then those due within an hour, requests for double opt-in, the other waits by their deadlines, and last those that
 * only wait for a signal.
 */

export const phases = ['running', 'soon', 'requests', 'later', 'paused'] as const
type Phase = (typeof phases)[number]

export type Sweep = {
  /** When the sweep began, RFC 3339. The present engine knows all rows created later. */
  began: string
  /** Rows due before this moment count as due soon, RFC 3339. */
  horizon: string
  phase: Phase
  /** Index keys of the last checked row in this phase; null: the phase begins. */
  after: [string, string] | null
  /** Rows checked so far. */
  seen: number
}

const hour = 3_600_000

/** @param now RFC 3339 */
export function beginSweep(now: string): Sweep {
  const horizon = new Date(Date.parse(now) + hour).toISOString()
  return { began: now, horizon, phase: phases[0], after: null, seen: 0 }
}

/**
 * The sweep after a page of rows.
 * @param last keys of the page's last row; null if the page was empty
 * @returns null once there is nothing left
 */
export function advanceSweep(sweep: Sweep, rows: number, last: [string, string] | null): Sweep | null {
  if (last !== null) return { ...sweep, after: last, seen: sweep.seen + rows }
  const phase = phases[phases.indexOf(sweep.phase) + 1]
  return phase === undefined ? null : { ...sweep, phase, after: null }
}

/**
 * The order in which all open runs and requests are looked at after the engine has changed: those under way first, then those that are
 * due within an hour, requests for double opt-in, the other waits by their deadlines, and what waits for a signal only.
 */

export const phases = ['running', 'soon', 'requests', 'later', 'paused'] as const
type Phase = (typeof phases)[number]

export type Sweep = {
  /** When it began, RFC 3339: what came into being later was told to the engine as it is now. */
  began: string
  /** What is due before then is due soon, RFC 3339. */
  horizon: string
  phase: Phase
  /** Keys of the row that was looked at last, along the phase's index; null: the phase begins. */
  after: [string, string] | null
  /** Rows looked at so far. */
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
 * @param last keys of the page's last row; null where the page was empty
 * @returns null once there is nothing left
 */
export function advanceSweep(sweep: Sweep, rows: number, last: [string, string] | null): Sweep | null {
  if (last !== null) return { ...sweep, after: last, seen: sweep.seen + rows }
  const phase = phases[phases.indexOf(sweep.phase) + 1]
  return phase === undefined ? null : { ...sweep, phase, after: null }
}

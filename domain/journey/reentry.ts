/** Whether a contact may enter a journey, given its runs there. */
import type { JourneyDefinition } from './definition.ts'
import { parseDuration } from './duration.ts'

/**
 * Most runs of one journey that a contact may have open at a time. A trigger looks at each of its contact's open runs, so a sender
 * that repeats itself must not make every later trigger of that contact dearer.
 */
export const mostOpenRuns = 50

/**
 * Most runs that may start each other one after the other: by what it does, a run can raise a trigger that starts the next. Without
 * a limit, two journeys that start each other would do so for ever.
 */
export const mostRunsInARow = 5

export type EntryVerdict = 'enters' | 'reentry-not-permitted' | 'too-many-runs'

/**
 * @param runs.newest the contact's newest run of the journey, of whatever version; null where it never entered
 * @param runs.open how many of its runs there have not ended; counted up to `mostOpenRuns`
 * @param now RFC 3339
 */
export function mayEnter(
  reentry: JourneyDefinition['reentry'],
  runs: { newest: { startedAt: string; open: boolean } | null; open: number },
  now: string,
): EntryVerdict {
  const { newest, open } = runs
  const rule = reentry ?? 'never'
  if (rule === 'always') return open < mostOpenRuns ? 'enters' : 'too-many-runs'
  if (newest === null) return 'enters'
  if (rule === 'never' || newest.open) return 'reentry-not-permitted'
  return Date.parse(newest.startedAt) + parseDuration(rule.after) <= Date.parse(now)
    ? 'enters'
    : 'reentry-not-permitted'
}

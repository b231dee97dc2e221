/** How a wait stands, as the workflow hears it. */
import type { waits } from '../../db/schema/journeys.ts'

export type WaitStanding =
  /** Nothing yet; ask again at `until` on the run's own clock. */
  | { wait: string; until: string }
  | { matched: number }
  | 'timed-out'
  | 'untracked'
  /** Somebody ended the run. */
  | 'closed'

export function standingOf(wait: typeof waits.$inferSelect): WaitStanding {
  switch (wait.state) {
    case 'open':
      return { wait: wait.id, until: wait.deadline }
    case 'matched':
      return { matched: wait.branch ?? 0 }
    case 'timed-out':
    case 'untracked':
    case 'closed':
      return wait.state
    default:
      return wait.state satisfies never
  }
}

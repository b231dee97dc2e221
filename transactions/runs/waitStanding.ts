/** How a wait stands, as the workflow hears it. */
import { and, eq } from 'drizzle-orm'
import { waits } from '../../db/schema/journeys.ts'
import { build, given, rowsOf } from '../../db/statement.ts'
import type { WaitStanding } from '../../domain/journey/answers.ts'
import type { WaitResult } from '../../domain/journey/machine.ts'

/** The wait of one visit of one step of a run. */
export const waitOfVisit = rowsOf<{ run: string; step: string; visit: number }>()(
  waits,
  build
    .select()
    .from(waits)
    .where(
      and(eq(waits.runId, given('run')), eq(waits.step, given('step')), eq(waits.visit, given('visit'))),
    ),
)

type WaitRow = typeof waits.$inferSelect

export function standingOf(wait: Pick<WaitRow, 'id' | 'state' | 'deadline' | 'branch'>): WaitStanding {
  return settledAs(wait) ?? { wait: wait.id, until: wait.deadline }
}

/** How it was settled; null while it is open. */
export function settledAs(wait: Pick<WaitRow, 'state' | 'branch'>): WaitResult | null {
  switch (wait.state) {
    case 'open':
      return null
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

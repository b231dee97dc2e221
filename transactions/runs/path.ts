/** The path of a run: each step, when, and what came of it. One row per step and visit; a later word replaces an earlier. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { runPath } from '../../db/schema/journeys.ts'

export type PathStep = {
  run: string
  step: string
  visit: number
  /** On the run's own clock. */
  at: string
  outcome: string
  reason?: string | null
  delivery?: string | null
  event?: string | null
}

export async function recordStep(tx: Db, step: PathStep): Promise<void> {
  await tx
    .insert(runPath)
    .values({
      runId: step.run,
      step: step.step,
      visit: step.visit,
      at: step.at,
      outcome: step.outcome,
      reason: step.reason ?? null,
      delivery: step.delivery ?? null,
      event: step.event ?? null,
    })
    .onConflictDoUpdate({
      target: [runPath.runId, runPath.step, runPath.visit],
      set: {
        at: sql`excluded.at`,
        outcome: sql`excluded.outcome`,
        reason: sql`excluded.reason`,
        delivery: sql`excluded.delivery`,
        event: sql`excluded.event`,
      },
    })
}

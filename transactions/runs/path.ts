/**
 * The path of a run: each visit of a step, when, and what came of it. One row a visit, the newest outcome counts; a reason stays until
 * another replaces it. The row of a send names its delivery, where its outcome is read.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { type BoundQuery, build, given, PreparedQuery } from '../../db/preparedQuery.ts'
import { runPath } from '../../db/schema/journeys.ts'
import type { LockedRun } from '../locks.ts'

export type PathStep = {
  step: string
  visit: number
  /** On the run's own clock. */
  at: string
  outcome: string
  reason?: string | null
  delivery?: string | null
  event?: string | null
  /** Index of the case, or of the awaited event, that was taken. */
  way?: number | null
}

const upsert = new PreparedQuery<Required<PathStep> & { run: string }, never>(
  build
    .insert(runPath)
    .values({
      runId: given('run'),
      step: given('step'),
      visit: given('visit'),
      at: given('at'),
      outcome: given('outcome'),
      reason: given('reason'),
      delivery: given('delivery'),
      event: given('event'),
      way: given('way'),
    })
    .onConflictDoUpdate({
      target: [runPath.runId, runPath.visit],
      set: {
        at: sql`excluded.at`,
        outcome: sql`excluded.outcome`,
        reason: sql`coalesce(excluded.reason, ${runPath.reason})`,
        delivery: sql`excluded.delivery`,
        event: sql`excluded.event`,
        way: sql`excluded.way`,
      },
    }),
)

export function stepRecord({ id: run }: LockedRun, step: PathStep): BoundQuery<unknown> {
  const { reason = null, delivery = null, event = null, way = null } = step
  return upsert.with({ ...step, run, reason, delivery, event, way })
}

export async function recordStep(tx: Db, run: LockedRun, step: PathStep): Promise<void> {
  await stepRecord(run, step).run(tx)
}

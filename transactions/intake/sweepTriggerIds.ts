/**
 * Forgets trigger ids that are older than 400 days: outside requests, by the index of their age, a few at a time, so that no
 * transaction is long and nobody waits. Rows that another sweep is deleting are left to it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { keptDays } from './triggerIds.ts'

/** @returns how many were forgotten; fewer than `most`: none is left for now */
export async function sweepTriggerIds(db: Db, most: number): Promise<number> {
  return db.transaction(async (tx) => (await tx.execute(sweeping(most))).length)
}

/** Its plan is looked at by a test. */
export function sweeping(most: number): SQL {
  return sql`delete from trigger_ids where (sender, name, id) in (
      select sender, name, id from trigger_ids
      where recorded_at < statement_timestamp() - make_interval(days => ${keptDays})
      order by recorded_at limit ${most} for update skip locked)
    returning 1`
}

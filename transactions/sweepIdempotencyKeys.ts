/** Removes answers to an Idempotency-Key that are older than a week: no repetition comes that late. */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'

/** Days for which an answer is remembered. */
const rememberedDays = 7

/**
 * By the index of ages, which needs a moment that is the same for all rows (`clock_timestamp()` is not). Rows that somebody has locked
 * are left for the next time.
 */
export const oldAnswers = (most: number): SQL => sql`delete from idempotency_keys where ctid = any(array(
  select ctid from idempotency_keys
  where created_at < statement_timestamp() - make_interval(days => ${rememberedDays}::int)
  order by created_at limit ${most}::int for update skip locked)) returning 1`

/** @returns how many it removed, at most `most` */
export async function sweepIdempotencyKeys(db: Db, most: number): Promise<number> {
  const rows = await db.transaction((tx) => tx.execute(oldAnswers(most)))
  return rows.length
}

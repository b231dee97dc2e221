/** Deletes verifications of the ledger that ended long ago. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'

/** Days the outcome of a verification is kept. */
export const verificationsKept = 400

/** @returns how many it deleted, the oldest first, at most `most` */
export async function sweepVerifications(db: Db, most: number): Promise<number> {
  const deleted = await db.transaction((tx) =>
    tx.execute(sql`
      delete from ledger_verifications where id = any (array(
        select id from ledger_verifications
        where finished_at < statement_timestamp() - make_interval(days => ${verificationsKept})
        order by finished_at limit ${most} for update skip locked))
      returning id`),
  )
  return deleted.length
}

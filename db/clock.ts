/** The database's clock: the only one that counts in the ledger and in decisions. */
import { sql } from 'drizzle-orm'
import type { Db } from './connect.ts'
import { type BoundQuery, PreparedQuery } from './preparedQuery.ts'

/** Now, read at this moment and not at the start of the transaction: call it after taking the lock it is to follow. */
export async function databaseNow(db: Db): Promise<string> {
  return clockQuery.run(db)
}

const clock = new PreparedQuery<Record<never, never>, { now: string }>(
  sql`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`,
)

/** As `databaseNow`, to be sent together with the lock it is to follow. */
export const clockQuery: BoundQuery<string> = clock.with({}).map(([row]) => {
  if (row === undefined) throw new Error('the database gave no time')
  return row.now
})

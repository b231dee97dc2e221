/** The database's clock: the only clock that the ledger and decisions use. */
import { sql } from 'drizzle-orm'
import type { Db } from './connect.ts'
import { type BoundQuery, PreparedQuery } from './preparedQuery.ts'

/** The current time, not that of the transaction's start. Call it after taking the lock that must come before it. */
export async function databaseNow(db: Db): Promise<string> {
  return clockQuery.run(db)
}

const clock = new PreparedQuery<Record<never, never>, { now: string }>(
  sql`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`,
)

/** As `databaseNow`, as a query to be pipelined after the lock. */
export const clockQuery: BoundQuery<string> = clock.with({}).map(([row]) => {
  if (row === undefined) throw new Error('the database gave no time')
  return row.now
})

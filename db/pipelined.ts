/**
 * Pipelined: one round trip, executed in this order. It accepts only prepared queries with their values. A function that sends a second
 * query would send it after all the others, and would send it even if one of the others fails.
 */
import { is } from 'drizzle-orm'
import { PgTransaction } from 'drizzle-orm/pg-core'
import type { Db } from './connect.ts'
import type { BoundQuery } from './preparedQuery.ts'

type Queries = readonly (BoundQuery<unknown> | null)[]
type AnswerOf<Query> = Query extends BoundQuery<infer Answer> ? Answer : null
type Answers<T extends Queries> = { -readonly [Index in keyof T]: AnswerOf<T[Index]> }

/**
 * @param tx a transaction; outside one, reads are spread over several connections and run in no fixed order
 * @param queries null entries are skipped; their result is null
 * @returns the results in the order of the queries, after all have ended
 * @throws the error of the first query that failed; Postgres refuses the queries after it. If a check fails, nothing is sent.
 */
export async function pipelined<const T extends Queries>(tx: Db, queries: T): Promise<Answers<T>> {
  if (!is(tx, PgTransaction)) throw new TypeError('queries are pipelined inside a transaction only')
  for (const query of queries) query?.check(tx)
  const settled = await Promise.allSettled(queries.map((query) => query?.send(tx) ?? null))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  // The mapped type assigns each result to its query; the type of an array's map() cannot.
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : null)) as Answers<T>
}

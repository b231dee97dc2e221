/**
 * Pipelined: one round trip, executed in this order. It takes prepared queries with their values and nothing else, because a function
 * that goes on to a second query would run that one after all the others, and would go on alone where another one fails.
 */
import { is } from 'drizzle-orm'
import { PgTransaction } from 'drizzle-orm/pg-core'
import type { Db } from './connect.ts'
import type { BoundQuery } from './preparedQuery.ts'

type Queries = readonly (BoundQuery<unknown> | null)[]
type AnswerOf<Query> = Query extends BoundQuery<infer Answer> ? Answer : null
type Answers<T extends Queries> = { -readonly [Index in keyof T]: AnswerOf<T[Index]> }

/**
 * @param tx a transaction: outside one, reads are spread over several connections and keep no order
 * @param queries null where there is nothing to ask; its answer is null
 * @returns the answers, in the order of the queries, once all of them are over
 * @throws what the first query that failed threw; Postgres refuses those after it. A check that fails sends nothing.
 */
export async function pipelined<const T extends Queries>(tx: Db, queries: T): Promise<Answers<T>> {
  if (!is(tx, PgTransaction)) throw new TypeError('queries are pipelined inside a transaction only')
  for (const query of queries) query?.check(tx)
  const settled = await Promise.allSettled(queries.map((query) => query?.send(tx) ?? null))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  // The mapped type says which answer belongs to which query; an array's map() cannot.
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : null)) as Answers<T>
}

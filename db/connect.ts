/** Connections to Postgres: the application's pool works under the role `assent_app`, which cannot change the ledger. */
import type { ExtractTablesWithRelations } from 'drizzle-orm'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { guardTransactions } from './lostConnection.ts'

/** A database or a transaction in it: what every read and every transaction step takes. */
export type Db = PgDatabase<
  PostgresJsQueryResultHKT,
  Record<string, never>,
  ExtractTablesWithRelations<Record<string, never>>
>

export type Connection = { db: Db; close(): Promise<void> }

/**
 * Milliseconds a transaction may hold its locks without a word: a process that is frozen, or cut off from the network, must not
 * keep a person's withdrawal waiting. The longest pause we make ourselves is the dispatcher's, while it tells the engine.
 */
const longestStandstill = 60_000

/**
 * Opens a pool under the restricted role. Connections are made on first use.
 * @param url postgres:// address; its user must be a member of `assent_app` (migrations see to it)
 * @param max most connections at once
 */
export function connect(url: string, max = 10): Connection {
  const client = postgres(url, {
    max,
    connection: {
      role: 'assent_app',
      application_name: 'assent',
      timezone: 'UTC',
      idle_in_transaction_session_timeout: longestStandstill,
    },
    onnotice: () => {},
    backoff: pauseBefore,
  })
  guardTransactions(client)
  prepareAll(client)
  return { db: drizzle(client), close: () => client.end({ timeout: 5 }) }
}

/**
 * Seconds until a connection that failed is tried again. A statement waits for that, so it is short: whoever asks is to hear soon
 * that the database is away, and to be served soon once it is back. The driver's own goes up to 20.
 */
function pauseBefore(failures: number): number {
  return Math.min(0.05 * 2 ** failures, 0.5)
}

/**
 * Drizzle sends each statement to be parsed and planned anew, which for ours takes longer than running it. Here every statement
 * with parameters is prepared, once per connection and text; transactions and savepoints hand out clients of their own.
 */
function prepareAll(client: postgres.Sql | postgres.TransactionSql): void {
  const plain = client.unsafe
  client.unsafe = (text, parameters, options) => plain(text, parameters, { ...options, prepare: true })
  if ('begin' in client) {
    const begin = client.begin
    client.begin = (first: string | Inside, second?: Inside) =>
      typeof first === 'string' ? begin(first, prepared(second ?? (() => {}))) : begin(prepared(first))
  }
  if ('savepoint' in client) {
    const savepoint = client.savepoint
    client.savepoint = (first: string | Inside, second?: Inside) =>
      typeof first === 'string'
        ? savepoint(first, prepared(second ?? (() => {})))
        : savepoint(prepared(first))
  }
}

type Inside = (inner: postgres.TransactionSql) => unknown

function prepared(inside: Inside): Inside {
  return (inner) => {
    prepareAll(inner)
    return inside(inner)
  }
}

/** Connections to Postgres: the application's pool works under the role `assent_app`, which cannot change the ledger. */
import type { ExtractTablesWithRelations } from 'drizzle-orm'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

/** A database or a transaction in it: what every read and every transaction step takes. */
export type Db = PgDatabase<
  PostgresJsQueryResultHKT,
  Record<string, never>,
  ExtractTablesWithRelations<Record<string, never>>
>

export type Connection = { db: Db; close(): Promise<void> }

/**
 * Opens a pool under the restricted role. Connections are made on first use.
 * @param url postgres:// address; its user must be a member of `assent_app` (migrations see to it)
 * @param max most connections at once
 */
export function connect(url: string, max = 10): Connection {
  const client = postgres(url, {
    max,
    connection: { role: 'assent_app', application_name: 'assent', timezone: 'UTC' },
    onnotice: () => {},
  })
  return { db: drizzle(client), close: () => client.end({ timeout: 5 }) }
}

/**
 * Connections to Postgres, under the role `assent_app`, which cannot change the ledger.
 *
 * There are two kinds of connections: some carry one transaction at a time, others carry single reads, several at once. The kinds are
 * never mixed. Postgres refuses a write outside a transaction (25006, `default_transaction_read_only`): use `db.transaction`.
 */
import type { ExtractTablesWithRelations } from 'drizzle-orm'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { PoolUse } from '../telemetry/database.ts'
import { DatabaseAway } from './away.ts'
import { currentDeadline } from './deadline.ts'
import { Pool, type QueueLimits } from './pool.ts'
import { Slot, type SlotLimits } from './slot.ts'
import { traced } from './traced.ts'
import { checkParameters, type Inside, transact } from './transaction.ts'

/** A database or one of its transactions: the argument of every read and every step of a transaction. */
export type Db = PgDatabase<
  PostgresJsQueryResultHKT,
  Record<string, never>,
  ExtractTablesWithRelations<Record<string, never>>
>

export type Connection = {
  db: Db
  /** How busy the pool is now. */
  use(): PoolUse
  /** Refuses new work, and waits up to five seconds for the work in progress. */
  close(): Promise<void>
}

export type Limits = SlotLimits & QueueLimits

/**
 * Within these times a caller learns that the database is frozen or overloaded. A statement that is cancelled or cut off changes nothing.
 * A process that is frozen or cut off from the network loses its locks after `standstill`, so that it cannot delay a person's
 * withdrawal.
 */
const defaults: Limits = {
  connect: 5_000,
  statement: 10_000,
  silence: 12_000,
  standstill: 60_000,
  waiting: 1_000,
  wait: 10_000,
}

/** Milliseconds that `close` waits for transactions in progress. */
const patience = 5_000

/**
 * Opens a pool under the restricted role. Connections are made on first use.
 * @param url postgres:// address; its user must be a member of `assent_app` (the migrations take care of that)
 * @param max most transactions at once, each on its own connection; 0: the pool is for single reads only. Single reads have additional
 *   connections: a quarter as many, at least one
 */
export function connect(url: string, max = 10, limits: Partial<Limits> = {}): Connection {
  const all = { ...defaults, ...limits }
  const make = (count: number) => Array.from({ length: count }, () => new Slot(url, all))
  const [writers, readers] = [make(max), make(readersOf(max))]
  const pool = new Pool(writers, all)
  let ended = false
  // Drizzle needs one client. This one has no connection of its own: it passes every call on.
  const client = postgres(url, { max: 1 })
  client.unsafe = <T extends unknown[]>(...[text, parameters, options]: Parameters<typeof client.unsafe>) => {
    if (ended) throw new DatabaseAway('CONNECTION_ENDED', 'the process is stopping')
    checkParameters(parameters)
    const { slot, done } = reader(readers, all.waiting)
    const query = traced(text, () => slot.client.unsafe<T>(text, parameters, { ...options, prepare: true }))
    query.then(done, done)
    return query
  }
  client.begin = (first: string | Inside, second?: Inside) =>
    transact(pool, typeof first === 'string' ? (second ?? (() => {})) : first)
  const db = drizzle(client)
  return {
    db,
    use: () => ({ ...pool.use, reads: readers.reduce((sum, slot) => sum + slot.working, 0) }),
    close: async () => {
      ended = true
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, patience)
      await Promise.race([pool.end(), late.promise])
      clearTimeout(timer)
      await Promise.all([...writers, ...readers].map((slot) => slot.close(1_000)))
    },
  }
}

/** Most connections of a pool. @param max as for `connect` */
export function connectionsOf(max: number): number {
  return max + readersOf(max)
}

function readersOf(max: number): number {
  return Math.max(1, Math.ceil(max / 4))
}

/** The connection with the least work. Reads on one connection are answered in order. */
function reader(slots: readonly Slot[], most: number): { slot: Slot; done: () => void } {
  currentDeadline()?.check()
  const [first, ...others] = slots
  if (first === undefined) throw new RangeError('a pool has at least one connection')
  const slot = others.reduce((least, one) => (one.working < least.working ? one : least), first)
  if (slot.working >= most)
    throw new DatabaseAway('DATABASE_BUSY', 'too many reads are waiting for the database')
  return { slot, done: slot.begin() }
}

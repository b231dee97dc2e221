/**
 * All locks on contact identities, contacts, runs, contact points and deliveries. They are taken in this order (`lockOrder.ts` refuses any
 * other), several of one kind in the order of their ids. `FOR NO KEY UPDATE` still allows inserts of rows that refer to a locked row.
 *
 * A `Locked` value proves a lock: only this file creates one, and a function that needs a lock takes it as an argument. The statement that
 * locks a row reads no other table, because it would read that table's state from before the lock. Each lock has two forms: `lockContact`
 * takes it; `contactLock` is the query, to be pipelined with the reads under the lock.
 */
import { type SQLWrapper, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { clockQuery } from '../db/clock.ts'
import type { Db } from '../db/connect.ts'
import { pipelined } from '../db/pipelined.ts'
import { type BoundQuery, columnsOf, given, insertOf, PreparedQuery, rowsOf } from '../db/preparedQuery.ts'
import { contactPoints, contacts } from '../db/schema/contacts.ts'
import { type DeliveryRow, deliveries } from '../db/schema/deliveries.ts'
import { type RunRow, runs } from '../db/schema/journeys.ts'
import { notFound } from '../domain/refusal.ts'
import type { Thing } from '../domain/refusals/notFound.ts'
import { hasTaken, type LockKind, noteKind, noteLock, rememberLock } from './lockOrder.ts'

export type ContactRow = typeof contacts.$inferSelect
export type ContactPointRow = typeof contactPoints.$inferSelect
export type { DeliveryRow, RunRow }

/**
 * What makes a row a locked one. The private field keeps every other value from being one; a copy of the row (`{ ...row }`) is none.
 */
class Lock {
  readonly #tx: Db

  constructor(tx: Db) {
    this.#tx = tx
  }

  static isHeldBy(tx: Db, lock: Lock): boolean {
    return lock.#tx === tx
  }
}

/** A row that is locked until its transaction ends. */
export type Locked<Row> = Readonly<Row> & Lock
export type LockedContact = Locked<ContactRow>
export type LockedRun = Locked<RunRow>
export type LockedContactPoint = Locked<ContactPointRow>
export type LockedDelivery = Locked<DeliveryRow>

function locked<Row extends object>(tx: Db, row: Row): Locked<Row> {
  return Object.assign(new Lock(tx), row)
}

/** A locked value was used in a transaction that does not hold its lock. */
export class NotLocked extends Error {
  override readonly name = 'NotLocked'
}

/** @throws NotLocked if the lock belongs to another transaction, which may have ended */
export function requireLock(tx: Db, lock: Locked<object>): void {
  if (!Lock.isHeldBy(tx, lock)) throw new NotLocked('the lock belongs to another transaction')
}

/** The locked row with this transaction's changes. The caller must write the same changes to the database. */
export function changed<Row extends object>(
  tx: Db,
  row: Locked<Row>,
  change: Partial<Omit<Row, 'id'>>,
): Locked<Row> {
  requireLock(tx, row)
  return Object.assign(new Lock(tx), row, change)
}

/** A locked contact identity: the external id and the normalised addresses by channel. */
export type LockedIdentity = Locked<{ addresses: ReadonlyMap<string, string> }>

/** Whether the transaction may give this address to a contact. */
export function coversAddress(tx: Db, identity: LockedIdentity, channel: string, address: string): boolean {
  return Lock.isHeldBy(tx, identity) && identity.addresses.get(channel) === address
}

const identityLocks = new PreparedQuery<{ names: string[] }, never>(
  sql`select pg_advisory_xact_lock(number) from (
    select distinct hashtextextended(name, 0) as number from unnest(${given('names')}::text[]) as name order by number
  ) as numbers`,
)

/**
 * Guards the creation of contacts. Take it before looking for a contact by external id or address in order to create one where none
 * is found: the CRM's PUT, a trigger that creates contacts, a confirmed double opt-in. The second of two such callers then finds the
 * contact that the first one created. The locks are advisory, since there may be no row yet.
 *
 * @param identity.addresses by channel, normalised
 */
export async function lockIdentity(
  tx: Db,
  identity: { externalId?: string | undefined; addresses: ReadonlyMap<string, string> },
): Promise<LockedIdentity> {
  const names = [...identity.addresses].map(([channel, address]) => `address:${channel}:${address}`)
  if (identity.externalId !== undefined) names.push(`contact:${identity.externalId}`)
  if (names.length > 0) {
    noteKind(tx, 'identity')
    await identityLocks.all(tx, { names })
    for (const name of names) rememberLock(tx, 'identity', name)
  }
  return locked(tx, { addresses: identity.addresses })
}

const definitionLock = new PreparedQuery<{ name: string }, never>(
  sql`select pg_advisory_xact_lock(hashtextextended(${given('name')}, 0))`,
)

/** Guards a definition: its versions, and that no definition in use is deleted. Advisory, because there may be no row yet. */
export async function lockDefinition(tx: Db, kind: string, key: string): Promise<void> {
  const name = `${kind}:${key}`
  noteLock(tx, 'definition', name)
  await definitionLock.all(tx, { name })
}

/** Reads one row whole and locks it, named by its id or by a query that gives it. */
function oneOf<T extends PgTable>(table: T, id: SQLWrapper = given('id')) {
  return rowsOf<{ id: string }>()(
    table,
    sql`select ${columnsOf(table)} from ${table} where id = ${id} for no key update`,
  )
}

/** Reads several rows whole and locks them, in the order of their ids. */
function severalOf<T extends PgTable>(table: T) {
  return rowsOf<{ ids: readonly string[] }>()(
    table,
    sql`select ${columnsOf(table)} from ${table} where id = any(${given('ids')}::uuid[]) order by id for no key update`,
  )
}

/** As `severalOf`, for a statement of many rows that needs them locked in order and reads them itself. */
function idsOf(table: PgTable): PreparedQuery<{ ids: readonly string[] }, { id: string }> {
  return new PreparedQuery(
    sql`select id from ${table} where id = any(${given('ids')}::uuid[]) order by id for no key update`,
  )
}

/** Locks one row; null if it does not exist. */
function lockOf<Row extends object>(
  kind: LockKind,
  query: PreparedQuery<{ id: string }, Row>,
): (id: string) => BoundQuery<Locked<Row> | null> {
  return (id) =>
    query
      .with({ id })
      .checking((tx) => noteLock(tx, kind, id.toLowerCase()))
      .map(([row], tx) => (row === undefined ? null : locked(tx, row)))
}

/** The locks of several rows, in the order of their ids; those that do not exist are left out. */
function locksOf<Row>(
  kind: LockKind,
  query: PreparedQuery<{ ids: readonly string[] }, Row>,
  given: readonly string[],
): BoundQuery<Row[]> {
  const ids = [...new Set(given.map((id) => id.toLowerCase()))].toSorted()
  return query.with({ ids }).checking((tx) => {
    for (const id of ids) noteLock(tx, kind, id)
  })
}

/** Locks the rows that the transaction has not locked yet, before a statement that changes them all; null if there are none. */
function furtherLocks(kind: LockKind, query: PreparedQuery<{ ids: readonly string[] }, { id: string }>) {
  return (tx: Db, ids: readonly string[]): BoundQuery<unknown> | null => {
    const further = ids.filter((id) => !hasTaken(tx, kind, id.toLowerCase()))
    return further.length === 0 ? null : locksOf(kind, query, further)
  }
}

function found<Row>(what: Thing, id: string, row: Row | null): Row {
  if (row === null) throw notFound(what, id)
  return row
}

const contact = lockOf('contact', oneOf(contacts))
const run = lockOf('run', oneOf(runs))
const point = lockOf('contact-point', oneOf(contactPoints))
const points = severalOf(contactPoints)

/** Guards a contact's events, waits and runs. Throws Refusal not-found. */
export const contactLock = (id: string): BoundQuery<LockedContact> =>
  contact(id).map((row) => found('contact', id, row))

/** Guards a run's state against an exit trigger that ends it at the same moment. Throws Refusal not-found. */
export const runLock = (id: string): BoundQuery<LockedRun> => run(id).map((row) => found('run', id, row))

/** Guards a contact point's ledger, suppressions and claims. Throws Refusal not-found. */
export const contactPointLock = (id: string): BoundQuery<LockedContactPoint> =>
  point(id).map((row) => found('contact-point', id, row))

/** Guards the state of a delivery. Null where it has no row yet. */
export const deliveryLock: (id: string) => BoundQuery<LockedDelivery | null> = lockOf(
  'delivery',
  oneOf(deliveries),
)

/** Locks runs of one contact, in the order of their ids, before a statement that changes them all. */
export const runLocks = furtherLocks('run', idsOf(runs))

/** Locks deliveries, in the order of their ids, before a statement that changes them all. */
export const deliveryLocks = furtherLocks('delivery', idsOf(deliveries))

export const lockContact = (tx: Db, id: string): Promise<LockedContact> => contactLock(id).run(tx)
export const lockRun = (tx: Db, id: string): Promise<LockedRun> => runLock(id).run(tx)
export const lockContactPoint = (tx: Db, id: string): Promise<LockedContactPoint> =>
  contactPointLock(id).run(tx)
export const lockDelivery = (tx: Db, id: string): Promise<LockedDelivery | null> => deliveryLock(id).run(tx)

/** Several contact points, in the order of their ids. */
export async function lockContactPoints(tx: Db, ids: readonly string[]): Promise<LockedContactPoint[]> {
  if (ids.length === 0) return []
  const rows = await locksOf('contact-point', points, ids).run(tx)
  return rows.map((row) => locked(tx, row))
}

const openRunsOf = rowsOf<{ contact: string }>()(
  runs,
  sql`select ${columnsOf(runs)} from runs
    where id in (select run_id from open_runs where contact_id = ${given('contact')}) order by id for no key update`,
)

/** Locks the contact's open runs, for a transaction that locks contact points next and may then end runs. */
export async function lockOpenRuns(tx: Db, contact: LockedContact): Promise<void> {
  requireLock(tx, contact)
  noteKind(tx, 'run')
  for (const { id } of await openRunsOf.all(tx, { contact: contact.id })) rememberLock(tx, 'run', id)
}

const contactOfRun = oneOf(contacts, sql`(select contact_id from runs where id = ${given('id')})`)

/** A run's contact, then the run: a run never changes its contact. `clock`: the database's, read after the locks. */
export async function lockRunWithContact(
  tx: Db,
  id: string,
): Promise<{ contact: LockedContact; run: LockedRun; clock: string }> {
  const contactLock = contactOfRun
    .with({ id })
    .checking((on) => noteKind(on, 'contact'))
    .map(([row], on) => {
      if (row === undefined) throw notFound('run', id)
      rememberLock(on, 'contact', row.id)
      return locked(on, row)
    })
  const [contact, run, clock] = await pipelined(tx, [contactLock, runLock(id), clockQuery])
  return { contact, run, clock }
}

/** Inserts a contact. Its row is locked by that: no other transaction can see it. */
export async function insertContact(tx: Db, values: typeof contacts.$inferInsert): Promise<LockedContact> {
  const [row] = await tx.insert(contacts).values(values).returning()
  if (row === undefined) throw new Error('a contact was inserted and gave no row')
  rememberLock(tx, 'contact', row.id)
  return locked(tx, row)
}

const runInsert = insertOf(runs)

/** Inserts a run, which is locked by that. */
export function insertRunRow(row: RunRow): BoundQuery<LockedRun> {
  return runInsert.with(row).map((_, tx) => {
    rememberLock(tx, 'run', row.id)
    return locked(tx, row)
  })
}

/**
 * The locks, in the one order in which they are taken: what a contact is known by, contact, run, contact point; several of one
 * kind in one fixed order, the rows in the order of their ids. `FOR NO KEY UPDATE` lets foreign keys keep pointing at a locked row.
 */
import { and, inArray, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { databaseNow } from '../db/clock.ts'
import type { Db } from '../db/connect.ts'
import { columnsOf, given, PreparedQuery, rowsOf } from '../db/preparedQuery.ts'
import { contactPoints, contacts } from '../db/schema/contacts.ts'
import { runs } from '../db/schema/journeys.ts'
import { notFound } from '../domain/refusal.ts'

export type ContactRow = typeof contacts.$inferSelect
export type ContactPointRow = typeof contactPoints.$inferSelect
export type RunRow = typeof runs.$inferSelect

/**
 * What a contact is known by, locked: its external id and its addresses, normalised, by channel. Only `lockIdentity` makes one.
 * `#tx` makes the type nominal, and ties the lock to the transaction that holds it.
 */
class LockedIdentity {
  readonly #tx: Db
  readonly addresses: ReadonlyMap<string, string>

  constructor(tx: Db, addresses: ReadonlyMap<string, string>) {
    this.#tx = tx
    this.addresses = addresses
  }

  /** Whether the transaction may give this address to a contact. */
  covers(tx: Db, channel: string, address: string): boolean {
    return this.#tx === tx && this.addresses.get(channel) === address
  }
}

export type { LockedIdentity }

const identityLocks = new PreparedQuery<{ names: string[] }, never>(
  sql`select pg_advisory_xact_lock(number) from (
    select distinct hashtextextended(name, 0) as number from unnest(${given('names')}::text[]) as name order by number
  ) as numbers`,
)

/**
 * Guards the coming into being of contacts. Whoever looks for a contact by external id or address in order to make one where none
 * is found takes this first: the CRM's PUT, a trigger that creates contacts, a confirmed double opt-in. Whoever comes second then
 * finds the contact that the first one made. The locks are advisory, since there may be no row yet; all are taken in the order of
 * their numbers, before any other lock, and held until the transaction ends.
 *
 * @param identity.addresses by channel, normalised
 */
export async function lockIdentity(
  tx: Db,
  identity: { externalId?: string | undefined; addresses: ReadonlyMap<string, string> },
): Promise<LockedIdentity> {
  const names = [...identity.addresses].map(([channel, address]) => `address:${channel}:${address}`)
  if (identity.externalId !== undefined) names.push(`contact:${identity.externalId}`)
  await identityLocks.all(tx, { names })
  return new LockedIdentity(tx, identity.addresses)
}

/** Locks one row, named by its id or by a query that gives it, and answers it whole. */
function lockOf<T extends PgTable>(table: T, id: SQLWrapper = given('id')) {
  return rowsOf<{ id: string }>()(
    table,
    sql`select ${columnsOf(table)} from ${table} where id = ${id} for no key update`,
  )
}

const contactLock = lockOf(contacts)
const contactOfRunLock = lockOf(contacts, sql`(select contact_id from runs where id = ${given('id')})`)
const runLock = lockOf(runs)
const pointLock = lockOf(contactPoints)

/** Guards a contact's events, waits and runs. */
export async function lockContact(tx: Db, id: string): Promise<ContactRow> {
  const row = await contactLock.first(tx, { id })
  if (row === undefined) throw notFound('contact', id)
  return row
}

/** Guards a run's state against an exit trigger that ends it at the same moment. */
export async function lockRun(tx: Db, id: string): Promise<RunRow> {
  const row = await runLock.first(tx, { id })
  if (row === undefined) throw notFound('run', id)
  return row
}

/**
 * The contact's runs that have not ended, in id order: for a transaction that will lock contact points and may end runs after it.
 * @param contact locked
 */
export async function lockOpenRuns(tx: Db, contact: ContactRow): Promise<void> {
  await tx
    .select({ id: runs.id })
    .from(runs)
    .where(and(sql`${runs.contactId} = ${contact.id}`, inArray(runs.state, ['running', 'waiting', 'paused'])))
    .orderBy(sql`${runs.id}`)
    .for('no key update')
}

/** A run's contact, then the run: whose contact it is never changes. `clock`: the database's, read after the locks. */
export async function lockRunWithContact(
  tx: Db,
  id: string,
): Promise<{ contact: ContactRow; run: RunRow; clock: string }> {
  const [contact, run, clock] = await Promise.all([
    contactOfRunLock.first(tx, { id }),
    runLock.first(tx, { id }),
    databaseNow(tx),
  ])
  if (contact === undefined || run === undefined) throw notFound('run', id)
  return { contact, run, clock }
}

/** Guards a contact point's ledger, suppressions and claims. */
export async function lockContactPoint(tx: Db, id: string): Promise<ContactPointRow> {
  const row = await pointLock.first(tx, { id })
  if (row === undefined) throw notFound('contact point', id)
  return row
}

/** Several contact points, locked in id order. */
export async function lockContactPoints(tx: Db, ids: readonly string[]): Promise<ContactPointRow[]> {
  if (ids.length === 0) return []
  return tx
    .select()
    .from(contactPoints)
    .where(inArray(contactPoints.id, [...ids]))
    .orderBy(sql`${contactPoints.id}`)
    .for('no key update')
}

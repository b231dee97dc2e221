/**
 * The locks, in the one order in which they are taken: contact, then run, then contact point; several of one kind in the
 * order of their ids. `FOR NO KEY UPDATE` lets foreign keys keep pointing at a locked row.
 */
import { inArray, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from '../db/connect.ts'
import { contactPoints, contacts } from '../db/schema/contacts.ts'
import { runs } from '../db/schema/journeys.ts'
import { columnsOf, given, rowsOf } from '../db/statement.ts'
import { notFound } from '../domain/refusal.ts'

export type ContactRow = typeof contacts.$inferSelect
export type ContactPointRow = typeof contactPoints.$inferSelect
export type RunRow = typeof runs.$inferSelect

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

/** A run's contact, then the run: whose contact it is never changes. */
export async function lockRunWithContact(tx: Db, id: string): Promise<{ contact: ContactRow; run: RunRow }> {
  const [contact, run] = await Promise.all([contactOfRunLock.first(tx, { id }), runLock.first(tx, { id })])
  if (contact === undefined || run === undefined) throw notFound('run', id)
  return { contact, run }
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

/**
 * The locks, in the one order in which they are taken: contact, then run, then contact point; several of one kind in the
 * order of their ids. `FOR NO KEY UPDATE` lets foreign keys keep pointing at a locked row.
 */
import { eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { contactPoints, contacts } from '../db/schema/contacts.ts'
import { runs } from '../db/schema/journeys.ts'
import { build, given, rowsOf } from '../db/statement.ts'
import { notFound } from '../domain/refusal.ts'

export type ContactRow = typeof contacts.$inferSelect
export type ContactPointRow = typeof contactPoints.$inferSelect
export type RunRow = typeof runs.$inferSelect

const byId = rowsOf<{ id: string }>()

const contactLock = byId(
  contacts,
  build
    .select()
    .from(contacts)
    .where(eq(contacts.id, given('id')))
    .for('no key update'),
)

/** Guards a contact's events, waits and runs. */
export async function lockContact(tx: Db, id: string): Promise<ContactRow> {
  const row = await contactLock.first(tx, { id })
  if (row === undefined) throw notFound('contact', id)
  return row
}

const runLock = byId(
  runs,
  build
    .select()
    .from(runs)
    .where(eq(runs.id, given('id')))
    .for('no key update'),
)

/** Guards a run's state against an exit trigger that ends it at the same moment. */
export async function lockRun(tx: Db, id: string): Promise<RunRow> {
  const row = await runLock.first(tx, { id })
  if (row === undefined) throw notFound('run', id)
  return row
}

const contactOfRunLock = byId(
  contacts,
  build
    .select()
    .from(contacts)
    .where(
      eq(
        contacts.id,
        build
          .select({ id: runs.contactId })
          .from(runs)
          .where(eq(runs.id, given('id'))),
      ),
    )
    .for('no key update'),
)

/** A run's contact, then the run: whose contact it is never changes. */
export async function lockRunWithContact(tx: Db, id: string): Promise<{ contact: ContactRow; run: RunRow }> {
  const [contact, run] = await Promise.all([contactOfRunLock.first(tx, { id }), runLock.first(tx, { id })])
  if (contact === undefined || run === undefined) throw notFound('run', id)
  return { contact, run }
}

const pointLock = byId(
  contactPoints,
  build
    .select()
    .from(contactPoints)
    .where(eq(contactPoints.id, given('id')))
    .for('no key update'),
)

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

/**
 * The locks, in the one order in which they are taken: contact, then run, then contact point; several of one kind in the
 * order of their ids. `FOR NO KEY UPDATE` lets foreign keys keep pointing at a locked row.
 */
import { eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { contactPoints, contacts } from '../db/schema/contacts.ts'
import { runs } from '../db/schema/journeys.ts'
import { notFound } from '../domain/refusal.ts'

export type ContactRow = typeof contacts.$inferSelect
export type ContactPointRow = typeof contactPoints.$inferSelect
export type RunRow = typeof runs.$inferSelect

/** Guards a contact's events, waits and runs. */
export async function lockContact(tx: Db, id: string): Promise<ContactRow> {
  const [row] = await tx.select().from(contacts).where(eq(contacts.id, id)).for('no key update')
  if (row === undefined) throw notFound('contact', id)
  return row
}

/** Guards a run's state against an exit trigger that ends it at the same moment. */
export async function lockRun(tx: Db, id: string): Promise<RunRow> {
  const [row] = await tx.select().from(runs).where(eq(runs.id, id)).for('no key update')
  if (row === undefined) throw notFound('run', id)
  return row
}

/** Guards a contact point's ledger, suppressions and claims. */
export async function lockContactPoint(tx: Db, id: string): Promise<ContactPointRow> {
  const [row] = await tx.select().from(contactPoints).where(eq(contactPoints.id, id)).for('no key update')
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

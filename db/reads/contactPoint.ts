/** Finds contact points by address, and contacts by external id or contact point. */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../connect.ts'
import { newId } from '../ids.ts'
import { contactAddresses, contactPoints, contacts } from '../schema/contacts.ts'

/** @param address normalised */
export async function findContactPoint(db: Db, channel: string, address: string): Promise<string | null> {
  const [row] = await db
    .select({ id: contactPoints.id })
    .from(contactPoints)
    .where(and(eq(contactPoints.channel, channel), eq(contactPoints.address, address)))
  return row?.id ?? null
}

/** The contact point of this address, created if there is none. @param address normalised */
export async function findOrCreateContactPoint(db: Db, channel: string, address: string): Promise<string> {
  const known = await findContactPoint(db, channel, address)
  if (known !== null) return known
  await db.insert(contactPoints).values({ id: newId(), channel, address }).onConflictDoNothing()
  const made = await findContactPoint(db, channel, address)
  if (made === null) throw new Error('a contact point vanished while it was made')
  return made
}

/** The contact with this external id. */
export async function contactIdOf(db: Db, externalId: string): Promise<string | null> {
  const [row] = await db.select({ id: contacts.id }).from(contacts).where(eq(contacts.externalId, externalId))
  return row?.id ?? null
}

/** The contacts that have this contact point. */
export async function contactsOfPoint(db: Db, contactPointId: string): Promise<string[]> {
  const rows = await db
    .select({ id: contactAddresses.contactId })
    .from(contactAddresses)
    .where(eq(contactAddresses.contactPointId, contactPointId))
    .orderBy(contactAddresses.contactId)
  return rows.map((row) => row.id)
}

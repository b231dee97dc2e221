/**
 * A newcomer is a contact that Assent made itself, since somebody nobody knew yet confirmed a double opt-in or was named by a
 * trigger that creates contacts. When the CRM then puts the person under its own external id, the newcomer takes that id: one
 * person stays one contact, and its address is not shared with itself.
 */
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { contactAddresses, contactPoints, contacts } from '../../db/schema/contacts.ts'
import { lockContact } from '../locks.ts'

/** External id of a newcomer, until the CRM gives one. */
export function newcomerId(): string {
  return `assent-${newId()}`
}

const newcomer = '^assent-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const ofNewcomer = sql`${contacts.externalId} ~ ${sql.raw(`'${newcomer}'`)}`

/** Whether the contact of this external id is one that nobody but Assent has named yet. */
export function isNewcomerId(externalId: string | null): boolean {
  return externalId !== null && new RegExp(newcomer).test(externalId)
}

/**
 * @param wanted the addresses by channel under which the CRM puts the contact
 * @returns the newcomer's contact id, its external id exchanged; null where there is none, or where it is not plain which
 */
export async function adoptNewcomer(
  tx: Db,
  externalId: string,
  wanted: ReadonlyMap<string, string>,
): Promise<string | null> {
  if (wanted.size === 0) return null
  const named = [...wanted].map(([channel, address]) =>
    and(eq(contactPoints.channel, channel), eq(contactPoints.address, address)),
  )
  const rows = await tx
    .selectDistinct({ id: contacts.id })
    .from(contacts)
    .innerJoin(contactAddresses, eq(contactAddresses.contactId, contacts.id))
    .innerJoin(contactPoints, eq(contactPoints.id, contactAddresses.contactPointId))
    .where(and(ofNewcomer, or(...named)))
  const [found] = rows
  if (found === undefined || rows.length > 1) return null
  await lockContact(tx, found.id)
  // Another transaction may have adopted it meanwhile: then it is no newcomer any more.
  const adopted = await tx
    .update(contacts)
    .set({ externalId })
    .where(and(inArray(contacts.id, [found.id]), ofNewcomer))
    .returning({ id: contacts.id })
  return adopted[0]?.id ?? null
}

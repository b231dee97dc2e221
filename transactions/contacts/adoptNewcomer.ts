/**
 * A newcomer is a contact that Assent created itself, because an unknown person confirmed a double opt-in or was named by a trigger that
 * creates contacts. When the CRM later puts the person under its own external id, the newcomer takes that id, so one person stays one
 * contact.
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

/** Whether this external id was assigned by Assent and not yet by the CRM. */
export function isNewcomerId(externalId: string | null): boolean {
  return externalId !== null && new RegExp(newcomer).test(externalId)
}

/**
 * @param wanted the addresses by channel under which the CRM puts the contact
 * @returns the id of the newcomer, which now has the CRM's external id; null if there is none or several
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
  // Another transaction may have adopted it in the meantime.
  const adopted = await tx
    .update(contacts)
    .set({ externalId })
    .where(and(inArray(contacts.id, [found.id]), ofNewcomer))
    .returning({ id: contacts.id })
  return adopted[0]?.id ?? null
}

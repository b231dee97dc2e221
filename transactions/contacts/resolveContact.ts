/** Finds the contact of a request, by external id or by an address that only one contact has. */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { contactAddresses, contactPoints, contacts } from '../../db/schema/contacts.ts'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import type { ContactReference } from '../../domain/shapes/primitives.ts'
import { isNewcomerId } from './adoptNewcomer.ts'

/**
 * @returns the contact's id, or null if there is none
 * @throws Refusal invalid for a bad address; conflict if several contacts share it
 */
export async function resolveContact(db: Db, reference: ContactReference): Promise<string | null> {
  if (reference.externalId !== undefined) {
    const [row] = await db
      .select({ id: contacts.id })
      .from(contacts)
      .where(eq(contacts.externalId, reference.externalId))
    return row?.id ?? null
  }
  const [field, channel, text] =
    reference.email !== undefined
      ? ['email', 'email', reference.email]
      : ['phone', 'sms', reference.phone ?? '']
  const address = normaliseAddress(channel, text)
  if (!address.ok) throw invalid(`/contact/${field}`, 'invalid-address', address.message)
  const rows = await db
    .select({ id: contacts.id, externalId: contacts.externalId })
    .from(contactPoints)
    .innerJoin(contactAddresses, eq(contactAddresses.contactPointId, contactPoints.id))
    .innerJoin(contacts, eq(contacts.id, contactAddresses.contactId))
    .where(and(eq(contactPoints.channel, channel), eq(contactPoints.address, address.address)))
    .orderBy(contacts.externalId)
  // A contact known to the CRM has precedence over a newcomer, which is the same person.
  const named = rows.filter((row) => !isNewcomerId(row.externalId))
  if (rows.length > 1 && named.length === 1) return named[0]?.id ?? null
  if (rows.length > 1) {
    const message = 'Several contacts have this address. Name one of them by its external id.'
    throw new Refusal('address-shared', message, {
      errors: [{ pointer: `/contact/${field}`, code: 'address-shared', message }],
      extra: { externalIds: rows.map((row) => row.externalId) },
    })
  }
  return rows[0]?.id ?? null
}

/** The refusal for an unknown contact, with a pointer to the field that names it. */
export function unknownContact(reference: ContactReference): Refusal {
  const field = Object.entries(reference).find(([, value]) => value !== undefined)?.[0] ?? 'externalId'
  return invalid(
    `/contact/${field}`,
    'unknown-contact',
    `No contact has this ${field}. Create the contact first, or correct it.`,
  )
}

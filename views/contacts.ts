/** Contacts as the API shows them. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { type ContactBinding, withNamedAddresses } from '../db/reads/bindings.ts'
import { type ContactConsent, consentsOf } from '../db/reads/contactConsents.ts'
import { findContactPoint } from '../db/reads/contactPoint.ts'
import { contactAddresses, contacts } from '../db/schema/contacts.ts'
import { notFound } from '../domain/refusal.ts'
import { type Page, pageOf } from './page.ts'
import { oldestFirst } from './walk.ts'

export type ContactView = ContactBinding & { id: string; createdAt: string; updatedAt: string }

/** @throws Refusal not-found */
export async function getContact(
  db: Db,
  externalId: string,
): Promise<ContactView & { consents: ContactConsent[] }> {
  const [row] = await db.select(columns).from(contacts).where(eq(contacts.externalId, externalId))
  if (row === undefined) throw notFound('contact', externalId)
  return { ...view(row), consents: await consentsOf(db, row.contact.id) }
}

/** Selects contacts; all if left out. The address is normalised. */
export type ContactFilter = { externalId: string } | { channel: string; address: string }

/** Oldest first, in one statement; a shared address has several. */
export async function listContacts(
  db: Db,
  page: { limit: number; after?: string | undefined },
  filter?: ContactFilter,
): Promise<Page<ContactView>> {
  let where = page.after === undefined ? undefined : gt(contacts.id, page.after)
  if (filter !== undefined && 'externalId' in filter) {
    where = and(eq(contacts.externalId, filter.externalId), where)
  } else if (filter !== undefined) {
    const point = await findContactPoint(db, filter.channel, filter.address)
    if (point === null) return { items: [], next: null }
    const along = [[contactAddresses.contactPointId, point]] as const
    const ids = oldestFirst(contactAddresses, { ...page, id: contactAddresses.contactId, along })
    where = sql`${contacts.id} in (${ids})`
  }
  const rows = await db
    .select(columns)
    .from(contacts)
    .where(where)
    .orderBy(asc(contacts.id))
    .limit(page.limit + 1)
  return pageOf(rows, page.limit, view, (row) => row.contact.id)
}

/** A contact with its address on each channel, without erased addresses. */
const columns = {
  contact: contacts,
  addresses: sql<Record<string, string> | null>`(
    select jsonb_object_agg(a.channel, p.address)
    from contact_addresses a join contact_points p on p.id = a.contact_point_id
    where a.contact_id = contacts.id and p.address is not null)`,
}

function view({
  contact: { eventSeq, postalAddress, ...contact },
  addresses,
}: {
  contact: typeof contacts.$inferSelect
  addresses: Record<string, string> | null
}): ContactView {
  return withNamedAddresses({
    ...contact,
    postalAddress: postalAddress ?? null,
    addresses: addresses ?? {},
  })
}

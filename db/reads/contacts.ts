/** Contacts as the API shows them. */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import { standing, stateAt } from '../../domain/consent/standing.ts'
import type { Standing } from '../../domain/consent/types.ts'
import { notFound } from '../../domain/refusal.ts'
import { databaseNow } from '../clock.ts'
import type { Db } from '../connect.ts'
import { contactAddresses, contacts } from '../schema/contacts.ts'
import { consentStates } from '../schema/ledger.ts'
import { type ContactBinding, withNamedAddresses } from './bindings.ts'
import { findContactPoint } from './contactPoint.ts'
import { type Page, pageOf } from './page.ts'
import { oldestFirst } from './walk.ts'

export type ContactView = ContactBinding & { id: string; createdAt: string; updatedAt: string }
export type ContactConsent = {
  channel: string
  purpose: string
  topic: string | null
  state: Standing['state']
  pending: boolean
  since: string | null
}

/** @throws Refusal not-found */
export async function getContact(
  db: Db,
  externalId: string,
): Promise<ContactView & { consents: ContactConsent[] }> {
  const [row] = await db.select(columns).from(contacts).where(eq(contacts.externalId, externalId))
  if (row === undefined) throw notFound('contact', externalId)
  return { ...view(row), consents: await consentsOf(db, row.contact.id) }
}

/** What was ever said, by channel; an opt-in past its expiry is `none`, as for decisions. */
export async function consentsOf(db: Db, contactId: string): Promise<ContactConsent[]> {
  const points = await db.select().from(contactAddresses).where(eq(contactAddresses.contactId, contactId))
  if (points.length === 0) return []
  const ids = points.map((point) => point.contactPointId)
  const states = await db.select().from(consentStates).where(inArray(consentStates.contactPointId, ids))
  const now = await databaseNow(db)
  return points.flatMap((point) => {
    const entries = states
      .filter((state) => state.contactPointId === point.contactPointId)
      .map((state) => state.entry)
    return entries.map(({ purpose, topic }) => {
      const found = standing({ entries }, purpose, topic)
      const state = stateAt(found, now)
      const since = state === 'none' ? null : found.since
      return { channel: point.channel, purpose, topic, state, pending: found.pending, since }
    })
  })
}

/** Which contacts; left out: all. An address is normalised. */
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

/** A contact with its address on each channel it has one on, those apart that were erased. */
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

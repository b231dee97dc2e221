/** Contacts as the API shows them. */
import { asc, eq, gt, inArray } from 'drizzle-orm'
import { standing, stateAt } from '../../domain/consent/standing.ts'
import type { Standing } from '../../domain/consent/types.ts'
import { notFound } from '../../domain/refusal.ts'
import { databaseNow } from '../clock.ts'
import type { Db } from '../connect.ts'
import { contactAddresses, contacts } from '../schema/contacts.ts'
import { consentStates } from '../schema/ledger.ts'
import { type ContactBinding, readContactBinding } from './bindings.ts'
import { type Page, pageOf } from './page.ts'

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
  const [row] = await db.select().from(contacts).where(eq(contacts.externalId, externalId))
  if (row === undefined) throw notFound('contact', externalId)
  return { ...(await view(db, row)), consents: await consentsOf(db, row.id) }
}

/** What was ever said, by channel; an opt-in past its expiry is `none`, as for decisions. */
async function consentsOf(db: Db, contactId: string): Promise<ContactConsent[]> {
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

export async function listContacts(
  db: Db,
  page: { limit: number; after?: string | undefined },
): Promise<Page<ContactView>> {
  const rows = await db
    .select()
    .from(contacts)
    .where(page.after === undefined ? undefined : gt(contacts.id, page.after))
    .orderBy(asc(contacts.id))
    .limit(page.limit + 1)
  const views = await Promise.all(rows.map((row) => view(db, row)))
  return pageOf(
    views,
    page.limit,
    (row) => row,
    (row) => row.id,
  )
}

async function view(db: Db, row: typeof contacts.$inferSelect): Promise<ContactView> {
  const { id, createdAt, updatedAt } = row
  return { id, createdAt, updatedAt, ...(await readContactBinding(db, row)) }
}

/** The fields of a contact that conditions and templates can read: its own fields, its addresses, and its consent by channel. */
import { eq, inArray } from 'drizzle-orm'
import { standing, stateAt } from '../../domain/consent/standing.ts'
import type { Entry, Standing } from '../../domain/consent/types.ts'
import { databaseNow } from '../clock.ts'
import type { Db } from '../connect.ts'
import { contactAddresses, contactPoints, type contacts } from '../schema/contacts.ts'
import { topics } from '../schema/definitions.ts'
import { consentStates } from '../schema/ledger.ts'

export type ContactBinding = {
  externalId: string | null
  kind: 'contact' | 'lead'
  account: string | null
  attributes: Record<string, unknown>
  postalAddress: Record<string, string> | string | null
  locale: string | null
  timeZone: string | null
  email: string | null
  phone: string | null
  addresses: Record<string, string>
}

type PurposeBinding = {
  state: Standing['state']
  pending: boolean
  topics: Record<string, { state: Standing['state']; pending: boolean }>
}
/** `consent.email["marketing"].state`, `.topics["events"].state` */
export type ConsentBinding = Record<string, Record<string, PurposeBinding>>

type ContactRow = typeof contacts.$inferSelect

export async function readContactBinding(db: Db, contact: ContactRow): Promise<ContactBinding> {
  const { externalId, kind, account, attributes, postalAddress, locale, timeZone } = contact
  const addresses = await readAddresses(db, contact.id)
  return withNamedAddresses({
    externalId,
    kind,
    account,
    attributes,
    postalAddress,
    locale,
    timeZone,
    addresses,
  })
}

/** The contact's addresses by channel, without erased ones. */
async function readAddresses(db: Db, contactId: string): Promise<Record<string, string>> {
  const rows = await db
    .select({ channel: contactAddresses.channel, address: contactPoints.address })
    .from(contactAddresses)
    .innerJoin(contactPoints, eq(contactPoints.id, contactAddresses.contactPointId))
    .where(eq(contactAddresses.contactId, contactId))
  return Object.fromEntries(
    rows.flatMap(({ channel, address }) => (address === null ? [] : [[channel, address]])),
  )
}

/** Adds `email` and `phone`, the usual names of the addresses on the built-in channels. */
export function withNamedAddresses<T extends Omit<ContactBinding, 'email' | 'phone'>>(
  contact: T,
): T & Pick<ContactBinding, 'email' | 'phone'> {
  const { email = null, sms = null } = contact.addresses
  return { ...contact, email, phone: sms }
}

/**
 * Consent of every address of the contact, for every purpose and topic. A purpose or topic without a recorded event is `none`. An opt-in
 * past its expiry, by the database's clock, is also `none`, as in every decision.
 */
export async function readConsentBinding(db: Db, contactId: string): Promise<ConsentBinding> {
  const points = await db
    .select({ channel: contactAddresses.channel, id: contactAddresses.contactPointId })
    .from(contactAddresses)
    .where(eq(contactAddresses.contactId, contactId))
  if (points.length === 0) return {}
  const states = await db
    .select({ point: consentStates.contactPointId, entry: consentStates.entry })
    .from(consentStates)
    .where(
      inArray(
        consentStates.contactPointId,
        points.map((point) => point.id),
      ),
    )
  const known = await db.select({ purpose: topics.purpose, topic: topics.key }).from(topics)
  const now = await databaseNow(db)
  return Object.fromEntries(
    points.map((point) => {
      const entries = states.filter((state) => state.point === point.id).map((state) => state.entry)
      return [point.channel, consentOfPoint(entries, known, now)]
    }),
  )
}

function consentOfPoint(
  entries: Entry[],
  known: { purpose: string; topic: string }[],
  now: string,
): Record<string, PurposeBinding> {
  const purposes = new Set([...entries.map((entry) => entry.purpose), ...known.map((row) => row.purpose)])
  purposes.delete('*')
  return Object.fromEntries(
    [...purposes].map((purpose) => {
      const own = standing({ entries }, purpose, null)
      const named = known
        .filter((row) => row.purpose === purpose)
        .map((row) => {
          const ofTopic = standing({ entries }, purpose, row.topic)
          return [row.topic, { state: stateAt(ofTopic, now), pending: ofTopic.pending }] as const
        })
      return [purpose, { state: stateAt(own, now), pending: own.pending, topics: Object.fromEntries(named) }]
    }),
  )
}

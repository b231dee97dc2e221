/**
 * Reads in one statement what the decision on a delivery depends on: the message and profile in their current versions, the address, and
 * the decision's input. A claim reads it under the contact point's lock; read without the lock, it gives a forecast.
 */
import { sql } from 'drizzle-orm'
import type { DecisionInput } from '../../domain/consent/types.ts'
import { notFound } from '../../domain/refusal.ts'
import type { Message } from '../../domain/shapes/message.ts'
import type { Db } from '../connect.ts'
import { type BoundQuery, given, PreparedQuery } from '../preparedQuery.ts'
import { type ContactBinding, withNamedAddresses } from './bindings.ts'
import { type DecisionFacts, decisionFacts, decisionInputOf, factSources } from './decisionInput.ts'

/** The recipient: a contact (its address on the message's channel), or one contact point whichever contacts have it. */
export type Recipient = { contact: string } | { contactPoint: string }

export type Intended = {
  channel: Message['channel']
  /** Null: the contact has no address on the channel, or the address was erased. */
  contactPoint: string | null
  message: { key: string; version: number; purpose: string; topic: string | null }
  profile: { key: string; version: number }
  input: DecisionInput
}

/** The recipient's personal data, for rendering the message. */
export type Person = { address: string | null; contact: ContactBinding | null }

type Question = { contact: string | null; point: string | null; message: string }

type PersonRow = { address: string | null; contact: Omit<ContactBinding, 'email' | 'phone'> | null }

type Row = {
  facts: DecisionFacts
  channel: Message['channel']
  version: number
  purpose: string
  topic: string | null
  mayTrack: boolean
  profile: string
  profileVersion: number
}

const channel = sql`(m.definition->>'channel')`
const topic = sql`(m.definition->>'topic')`
const from = sql`from messages m join profiles mp on mp.key = m.profile
  ${factSources({
    point: sql`cp.address is not null and cp.channel = ${channel} and cp.id = coalesce(${given('point')}::uuid,
      (select a.contact_point_id from contact_addresses a where a.contact_id = ${given('contact')}::uuid and a.channel = ${channel}))`,
    purpose: sql`m.purpose`,
    topic,
    profile: sql`m.profile`,
  })}
  where m.key = ${given('message')}::text`
const intended = sql`${decisionFacts(channel)} as facts, ${channel} as channel, m.version, m.purpose, ${topic} as topic,
  coalesce(m.definition->>'tracking', 'true') <> 'false' as "mayTrack", m.profile, mp.version as "profileVersion"`
const person = sql`cp.address, (
  select json_build_object('externalId', c.external_id, 'kind', c.kind, 'account', c.account, 'attributes', c.attributes,
    'postalAddress', c.postal_address, 'locale', c.locale, 'timeZone', c.time_zone,
    'addresses', (select coalesce(json_object_agg(a.channel, o.address), '{}') from contact_addresses a
      join contact_points o on o.id = a.contact_point_id where a.contact_id = c.id and o.address is not null))
  from contacts c where c.id = ${given('contact')}::uuid) as contact`

const alone = new PreparedQuery<Question, Row>(sql`select ${intended} ${from}`)
const withPerson = new PreparedQuery<Question, Row & PersonRow>(sql`select ${intended}, ${person} ${from}`)

/** Throws Refusal not-found if the message no longer exists. */
export function intendedQuery(
  to: Recipient,
  message: string,
  channels: ReadonlySet<string>,
): BoundQuery<Intended> {
  return alone.with(question(to, message)).map(([row]) => {
    if (row === undefined) throw notFound('message', message)
    return intendedOf(row, message, channels)
  })
}

/** As `intendedQuery`, together with the data for rendering, read at the same moment. */
export async function readIntendedAndPerson(
  db: Db,
  to: Recipient,
  message: string,
  channels: ReadonlySet<string>,
): Promise<{ intended: Intended; person: Person }> {
  const row = await withPerson.first(db, question(to, message))
  if (row === undefined) throw notFound('message', message)
  const contact = row.contact === null ? null : withNamedAddresses(row.contact)
  return { intended: intendedOf(row, message, channels), person: { address: row.address, contact } }
}

function question(to: Recipient, message: string): Question {
  return 'contact' in to
    ? { contact: to.contact, point: null, message }
    : { contact: null, point: to.contactPoint, message }
}

function intendedOf(row: Row, key: string, channels: ReadonlySet<string>): Intended {
  const { channel, version, purpose, topic } = row
  const intent = { channel, purpose, topic, messageAllowsTracking: row.mayTrack }
  return {
    channel,
    contactPoint: row.facts.point,
    message: { key, version, purpose, topic },
    profile: { key: row.profile, version: row.profileVersion },
    input: decisionInputOf(row.facts, intent, channels),
  }
}

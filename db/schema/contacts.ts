/** Contacts, contact points (one address on one channel) and which contact has which. */
import { sql } from 'drizzle-orm'
import { bigint, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant, json } from './columns.ts'

export const contacts = pgTable('contacts', {
  id: uuid('id').primaryKey(),
  externalId: text('external_id'),
  kind: text('kind', { enum: ['contact', 'lead'] }).notNull(),
  account: text('account'),
  attributes: jsonb('attributes').$type<Record<string, unknown>>().notNull().default({}),
  postalAddress: json('postal_address').$type<Record<string, string> | string | null>(),
  locale: text('locale'),
  timeZone: text('time_zone'),
  /** Last sequence number given to an event of this contact; increased only under the contact's lock. */
  eventSeq: bigint('event_seq', { mode: 'number' }).notNull().default(0),
  createdAt: instant('created_at').notNull().default(databaseClock),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})

export const contactPoints = pgTable('contact_points', {
  id: uuid('id').primaryKey(),
  channel: text('channel').notNull(),
  /** Normalised; null once erased. */
  address: text('address'),
  /** Head of this point's ledger chain. */
  headSeq: bigint('head_seq', { mode: 'number' }).notNull().default(0),
  headHash: bytes('head_hash').notNull().default(sql`decode(repeat('00', 32), 'hex')`),
  /** The evidence key, wrapped; null once destroyed. */
  dataKey: bytes('data_key'),
  dataKeyId: text('data_key_id'),
  createdAt: instant('created_at').notNull().default(databaseClock),
  erasedAt: instant('erased_at'),
})

export const contactAddresses = pgTable(
  'contact_addresses',
  {
    contactId: uuid('contact_id').notNull(),
    channel: text('channel').notNull(),
    contactPointId: uuid('contact_point_id').notNull(),
    since: instant('since').notNull().default(databaseClock),
  },
  (t) => [primaryKey({ columns: [t.contactId, t.channel] })],
)

/** The contact point that a contact had on a channel before its address was removed without a new one. */
export const formerAddresses = pgTable(
  'former_addresses',
  {
    contactId: uuid('contact_id').notNull(),
    channel: text('channel').notNull(),
    contactPointId: uuid('contact_point_id').notNull(),
    until: instant('until').notNull().default(databaseClock),
  },
  (t) => [primaryKey({ columns: [t.contactId, t.channel] })],
)

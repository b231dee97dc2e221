/** The ledger of consent, what it yields when replayed, and suppressions. */
import { bigint, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { Entry } from '../../domain/consent/types.ts'
import { bytes, databaseClock, instant } from './columns.ts'

/** Wording shown to the person, stored once by its SHA-256, in clear. */
export const notices = pgTable('notices', {
  hash: bytes('hash').primaryKey(),
  wording: text('wording').notNull(),
  recordedAt: instant('recorded_at').notNull().default(databaseClock),
})

/** Append-only: the database refuses UPDATE, DELETE and TRUNCATE. All but bytes and hashes is a projection of `bytes`. */
export const consentEvents = pgTable('consent_events', {
  id: uuid('id').primaryKey(),
  contactPointId: uuid('contact_point_id').notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  bytes: bytes('bytes').notNull(),
  previousHash: bytes('previous_hash').notNull(),
  hash: bytes('hash').notNull(),
  kind: text('kind').notNull(),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  state: text('state'),
  occurredAt: instant('occurred_at').notNull(),
  recordedAt: instant('recorded_at').notNull(),
  expiresAt: instant('expires_at'),
  doubleOptIn: uuid('double_opt_in'),
  retracts: uuid('retracts'),
  noticeHash: bytes('notice_hash'),
  idempotencyKey: text('idempotency_key'),
})

/** Own standing per (contact point, purpose, topic or ''); written in the transaction of the append. */
export const consentStates = pgTable(
  'consent_states',
  {
    contactPointId: uuid('contact_point_id').notNull(),
    purpose: text('purpose').notNull(),
    topic: text('topic').notNull(),
    entry: jsonb('entry').$type<Entry>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.contactPointId, t.purpose, t.topic] })],
)

/** A technical or legal stop on an address. Never deleted: lifting sets `liftedAt`. */
export const suppressions = pgTable('suppressions', {
  id: uuid('id').primaryKey(),
  contactPointId: uuid('contact_point_id'),
  channel: text('channel').notNull(),
  addressHash: bytes('address_hash'),
  hashKeyId: text('hash_key_id'),
  kind: text('kind', { enum: ['hard-bounced', 'invalid', 'complained', 'erased'] }).notNull(),
  reason: text('reason'),
  since: instant('since').notNull().default(databaseClock),
  liftedAt: instant('lifted_at'),
  liftedBy: uuid('lifted_by'),
})

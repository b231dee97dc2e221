/** The consent ledger, the consent states derived from it, and suppressions. */
import { bigint, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { Entry } from '../../domain/consent/types.ts'
import type { ChainProblem } from '../../domain/ledger/verify.ts'
import { bytes, databaseClock, instant } from './columns.ts'

/** Wording shown to the person, stored once by its SHA-256, in clear. */
export const notices = pgTable('notices', {
  hash: bytes('hash').primaryKey(),
  wording: text('wording').notNull(),
  recordedAt: instant('recorded_at').notNull().default(databaseClock),
})

/** Append-only: the database refuses UPDATE, DELETE and TRUNCATE. All columns but bytes and hashes are derived from `bytes`. */
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

/** The state per (contact point, purpose, topic or ''), written in the transaction of the append. */
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

/** A technical or legal stop on an address. Never deleted; lifting it sets `liftedAt`. */
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

/** The first broken place that verification found in the ledger. */
export type LedgerBreak = {
  contactPoint: string
  seq: number
  event: string | null
  problem: ChainProblem | 'orphaned'
}

/** The first stored state that differs from the fold of the ledger. */
export type StateBreak = {
  contactPoint: string
  /** Null: the ledger of the contact point cannot be folded at all. */
  purpose: string | null
  topic: string | null
}

/** A verification of the whole ledger: its progress and its findings. */
export const ledgerVerifications = pgTable('ledger_verifications', {
  id: uuid('id').primaryKey(),
  state: text('state', { enum: ['waiting', 'running', 'finished', 'failed'] }).notNull(),
  /** The last verified contact point. */
  cursor: uuid('cursor'),
  /** The last contact point of this job. */
  upto: uuid('upto'),
  /** An estimate. */
  contactPointsExpected: bigint('contact_points_expected', { mode: 'number' }),
  contactPoints: bigint('contact_points', { mode: 'number' }).notNull().default(0),
  events: bigint('events', { mode: 'number' }).notNull().default(0),
  states: bigint('states', { mode: 'number' }).notNull().default(0),
  firstBreak: jsonb('first_break').$type<LedgerBreak>(),
  firstDifference: jsonb('first_difference').$type<StateBreak>(),
  /** Consecutive ranges that could not be read. */
  failures: integer('failures').notNull().default(0),
  /** The process that works on it, and until when no other process may take it. */
  holder: uuid('holder'),
  heldUntil: instant('held_until'),
  requestedAt: instant('requested_at').notNull().default(databaseClock),
  startedAt: instant('started_at'),
  finishedAt: instant('finished_at'),
})

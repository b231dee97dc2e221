/** What happened (trigger events) and what must still be told of it (outbox). */
import { sql } from 'drizzle-orm'
import { bigint, integer, jsonb, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

export const eventClasses = ['human', 'proxy', 'bot'] as const
export type EventClass = (typeof eventClasses)[number]

/** A journey that an event would, or might, have entered, and why it did not. */
export const skippedCodes = ['too-many-runs', 'journey-loop', 'unreadable-journey-version'] as const
export type SkippedEntry = { journey: string; code: (typeof skippedCodes)[number] }

export const triggerEvents = pgTable('trigger_events', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  sender: text('sender').notNull(),
  /** The sender's id of what happened; the event's own where the sender gave none. */
  senderEvent: text('sender_event').notNull(),
  contactId: uuid('contact_id'),
  seq: bigint('seq', { mode: 'number' }),
  contactPointId: uuid('contact_point_id'),
  deliveryId: uuid('delivery_id'),
  class: text('class', { enum: eventClasses }),
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
  occurredAt: instant('occurred_at').notNull(),
  recordedAt: instant('recorded_at').notNull(),
  /** How many runs led to it, each started by what the one before it did; 0: it came from outside. */
  depth: smallint('depth').notNull().default(0),
})

/** One thing that happened, as it is stored. */
export type StoredEvent = typeof triggerEvents.$inferSelect

/** What a trigger was answered, kept for the same id again. */
export type TriggerAnswer = {
  event: string
  started: string[]
  signalled: string[]
  /** Journeys it would, or might, have entered. */
  skipped: SkippedEntry[]
  /** External id of the contact it created; absent where it created none. */
  created?: string
  /** It created a contact that no message can reach. */
  withoutAddress?: boolean
}

/** The ids that senders gave to their triggers: kept 400 days, so that the same id again is answered as before. */
export const triggerIds = pgTable(
  'trigger_ids',
  {
    sender: text('sender').notNull(),
    name: text('name').notNull(),
    id: text('id').notNull(),
    /** SHA-256 of what was said; null for a trigger taken before this table was. */
    fingerprint: bytes('fingerprint'),
    answer: jsonb('answer').$type<TriggerAnswer>().notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.sender, t.name, t.id] })],
)

export const outbox = pgTable('outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  /** A run, a request, a contact or a contact point: rows of one stream are told in order. */
  stream: text('stream').notNull(),
  kind: text('kind', { enum: ['start', 'signal', 'trigger'] }).notNull(),
  body: jsonb('body').$type<unknown>().notNull(),
  attempts: integer('attempts').notNull().default(0),
  /** Not before then: the pause after a failure, or the lease of a dispatcher that is telling it. */
  nextAttemptAt: instant('next_attempt_at').notNull().default(databaseClock),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().default(databaseClock),
  /** Lower lanes go first. */
  lane: smallint('lane').notNull().default(4),
  state: text('state', { enum: ['waiting', 'parked'] })
    .notNull()
    .default('waiting'),
  /** Transaction that wrote the row, or tried it last. */
  writtenIn: bigint('written_in', { mode: 'number' })
    .notNull()
    .default(sql`pg_current_xact_id()::text::bigint`),
  /** W3C traceparent of what wrote it; null: that was not traced. */
  traceparent: text('traceparent'),
})

/** Trigger events, and the outbox: what must still be delivered to Temporal and to the intake. */
import { sql } from 'drizzle-orm'
import { bigint, integer, jsonb, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

export const eventClasses = ['human', 'proxy', 'bot'] as const
export type EventClass = (typeof eventClasses)[number]

/** Why an event did not enter a journey that it would or might have entered. */
export const skippedCodes = ['too-many-runs', 'journey-loop', 'unreadable-journey-version'] as const
export type SkippedEntry = { journey: string; code: (typeof skippedCodes)[number] }

export const triggerEvents = pgTable('trigger_events', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  sender: text('sender').notNull(),
  /** The sender's id of the event; the event's own id if the sender gave none. */
  senderEvent: text('sender_event').notNull(),
  contactId: uuid('contact_id'),
  seq: bigint('seq', { mode: 'number' }),
  contactPointId: uuid('contact_point_id'),
  deliveryId: uuid('delivery_id'),
  class: text('class', { enum: eventClasses }),
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
  occurredAt: instant('occurred_at').notNull(),
  recordedAt: instant('recorded_at').notNull(),
  /** Length of the chain of runs that led to the event, each started by the one before; 0: it came from outside. */
  depth: smallint('depth').notNull().default(0),
})

/** A stored trigger event. */
export type StoredEvent = typeof triggerEvents.$inferSelect

/** The answer to a trigger, stored for repetitions with the same id. */
export type TriggerAnswer = {
  event: string
  started: string[]
  signalled: string[]
  /** Journeys that it would or might have entered. */
  skipped: SkippedEntry[]
  /** External id of the contact that it created; absent if it created none. */
  created?: string
  /** True if it created a contact without any address. */
  withoutAddress?: boolean
}

/** The senders' ids of their triggers, kept 400 days, so that a repeated id gets the same answer. */
export const triggerIds = pgTable(
  'trigger_ids',
  {
    sender: text('sender').notNull(),
    name: text('name').notNull(),
    id: text('id').notNull(),
    /** SHA-256 of the trigger's content; null for a trigger that is older than this table. */
    fingerprint: bytes('fingerprint'),
    answer: jsonb('answer').$type<TriggerAnswer>().notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.sender, t.name, t.id] })],
)

export const outbox = pgTable('outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  /** A run, a request, a contact or a contact point. Rows of one stream are delivered in order. */
  stream: text('stream').notNull(),
  kind: text('kind', { enum: ['start', 'signal', 'trigger'] }).notNull(),
  body: jsonb('body').$type<unknown>().notNull(),
  attempts: integer('attempts').notNull().default(0),
  /** Earliest time of the next attempt: the end of a pause after a failure, or of a dispatcher's lease. */
  nextAttemptAt: instant('next_attempt_at').notNull().default(databaseClock),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().default(databaseClock),
  /** Rows of lower lanes are delivered first. */
  lane: smallint('lane').notNull().default(4),
  state: text('state', { enum: ['waiting', 'parked'] })
    .notNull()
    .default('waiting'),
  /** Id of the transaction that wrote the row or released it last. */
  writtenIn: bigint('written_in', { mode: 'number' })
    .notNull()
    .default(sql`pg_current_xact_id()::text::bigint`),
  /** W3C traceparent of the trace that wrote the row; null: there was no trace. */
  traceparent: text('traceparent'),
})

/** What happened (trigger events) and what must still be told of it (outbox). */
import { bigint, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

export const eventClasses = ['human', 'proxy', 'bot'] as const
export type EventClass = (typeof eventClasses)[number]

/** A journey that an event would have entered, and why it did not. */
export type SkippedEntry = { journey: string; code: 'too-many-runs' }

export const triggerEvents = pgTable('trigger_events', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  sender: text('sender').notNull(),
  senderEvent: text('sender_event').notNull(),
  /** SHA-256 of what was said: the same id with another content is a conflict. */
  fingerprint: bytes('fingerprint').notNull(),
  contactId: uuid('contact_id'),
  seq: bigint('seq', { mode: 'number' }),
  contactPointId: uuid('contact_point_id'),
  deliveryId: uuid('delivery_id'),
  class: text('class', { enum: eventClasses }),
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
  occurredAt: instant('occurred_at').notNull(),
  recordedAt: instant('recorded_at').notNull(),
  started: uuid('started').array().notNull().default([]),
  signalled: uuid('signalled').array().notNull().default([]),
  skipped: jsonb('skipped').$type<SkippedEntry[]>().notNull().default([]),
})

/** One thing that happened, as it is stored. */
export type StoredEvent = typeof triggerEvents.$inferSelect

export const outbox = pgTable('outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  /** Workflow id; rows of one stream are heard in order. */
  stream: text('stream').notNull(),
  kind: text('kind', { enum: ['start', 'signal', 'trigger'] }).notNull(),
  body: jsonb('body').$type<unknown>().notNull(),
  attempts: integer('attempts').notNull().default(0),
  nextAttemptAt: instant('next_attempt_at').notNull().default(databaseClock),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().default(databaseClock),
})

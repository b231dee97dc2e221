/**
 * Deliveries: one message to one contact point from one step of one run, from claim to outcome; blocks included. Also rows that outlive
 * them: the scope of each mail's links, and the shared part of the inputs of decisions.
 *
 * The time at which a delivery was created is in its id (`momentOf`).
 */
import { type InferSelectModel, sql } from 'drizzle-orm'
import { boolean, integer, jsonb, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { Facts, PackedDecision } from '../../domain/consent/frame.ts'
import { deliveryStates } from '../../domain/delivery/states.ts'
import { bytes, instant, jsonText } from './columns.ts'

export const deliveries = pgTable('deliveries', {
  /** Assigned before the row exists. The claim key, the Message-ID and the provider's idempotency key are derived from it. */
  id: uuid('id').primaryKey(),
  runId: uuid('run_id'),
  doubleOptIn: uuid('double_opt_in'),
  contactId: uuid('contact_id'),
  contactPointId: uuid('contact_point_id'),
  journeyVersion: integer('journey_version'),
  visit: integer('visit'),
  messageVersion: integer('message_version'),
  /** Increased by each claim; only the newest attempt may hand over. */
  attempt: smallint('attempt').notNull().default(1),
  /** How often it was held. */
  holds: smallint('holds').notNull().default(0),
  /** How many renderings were stopped for taking too long or too much memory. */
  renderAttempts: smallint('render_attempts').notNull().default(0),
  tracksOpens: boolean('tracks_opens').notNull().default(false),
  tracksClicks: boolean('tracks_clicks').notNull().default(false),
  claimedAt: instant('claimed_at'),
  handedOverAt: instant('handed_over_at'),
  settledAt: instant('settled_at'),
  /** When a held delivery is tried again, on the clock of its run. */
  heldUntil: instant('held_until'),
  /** When recovery has to check a row outside the usual course. A generated column. */
  due: instant('due').generatedAlwaysAs(sql`derived`),
  journey: text('journey'),
  step: text('step'),
  channel: text('channel').notNull(),
  message: text('message').notNull(),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  /** Message-ID of an e-mail, SID of an SMS. */
  providerId: text('provider_id'),
  /** Hash of the frame of its decision. Null, like facts and decision, if nothing was decided yet. */
  frame: bytes('frame'),
  facts: jsonText<Facts>('facts'),
  decision: jsonText<PackedDecision>('decision'),
  state: text('state', { enum: deliveryStates }).notNull(),
  /** `usual` for all states of the usual course, else the state. A generated column, for lists: no index contains `state`. */
  course: text('course').notNull().generatedAlwaysAs(sql`derived`),
  reason: text('reason'),
  providerAnswer: jsonb('provider_answer').$type<unknown>(),
  /** What a person recorded about an unknown outcome. `by`: id of the person's API key. */
  settledByHand: jsonb('settled_by_hand').$type<{ by: string; at: string; reason: string }>(),
})

/** A delivery's row without generated columns. */
export type DeliveryRow = Omit<InferSelectModel<typeof deliveries>, 'due' | 'course'>

/** The part that the inputs of all decisions on one version share. Append-only. */
export const decisionFrames = pgTable('decision_frames', {
  /** SHA-256 of the frame. */
  hash: bytes('hash').primaryKey(),
  /** Canonical JSON (RFC 8785). */
  frame: text('frame').notNull(),
})

export const deliveryContents = pgTable('delivery_contents', {
  deliveryId: uuid('delivery_id').primaryKey(),
  sealed: jsonb('sealed').$type<unknown>().notNull(),
})

/** The scope of a mail's links, by the handle in them. Each attempt makes its own mail. Links never expire, so this row outlives it. */
export const handles = pgTable('handles', {
  /** SHA-256 of the handle. */
  hash: bytes('hash').primaryKey(),
  deliveryId: uuid('delivery_id').notNull(),
  contactId: uuid('contact_id'),
  contactPointId: uuid('contact_point_id').notNull(),
  messageVersion: integer('message_version'),
  tracksOpens: boolean('tracks_opens').notNull(),
  tracksClicks: boolean('tracks_clicks').notNull(),
  message: text('message').notNull(),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
})

/** Links of tracked mails that go through our redirect. */
export const links = pgTable('links', {
  tokenHash: bytes('token_hash').primaryKey(),
  position: integer('position').notNull(),
  link: text('link').notNull(),
  url: text('url').notNull(),
  /** The mail that contains it, by the hash of its handle. */
  handleHash: bytes('handle_hash').notNull(),
})

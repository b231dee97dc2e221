/**
 * Deliveries: one message to one contact point from one step of one run, from claim to outcome; blocks included. And what outlives
 * them: the scope of each mail's links, and what the inputs of decisions share.
 *
 * When a delivery was made, its id says (`momentOf`).
 */
import { type InferSelectModel, sql } from 'drizzle-orm'
import { boolean, integer, jsonb, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { Facts, PackedDecision } from '../../domain/consent/frame.ts'
import { deliveryStates } from '../../domain/delivery/states.ts'
import { bytes, instant, jsonText } from './columns.ts'

export const deliveries = pgTable('deliveries', {
  /** Given before there is a row: claim key, Message-ID and the provider's idempotency key. */
  id: uuid('id').primaryKey(),
  runId: uuid('run_id'),
  doubleOptIn: uuid('double_opt_in'),
  contactId: uuid('contact_id'),
  contactPointId: uuid('contact_point_id'),
  journeyVersion: integer('journey_version'),
  visit: integer('visit'),
  messageVersion: integer('message_version'),
  /** Raised by each claim; only the newest attempt may hand over. */
  attempt: smallint('attempt').notNull().default(1),
  /** How often it was held. */
  holds: smallint('holds').notNull().default(0),
  /** Renderings of it that were stopped for taking too long or too much memory. */
  renderAttempts: smallint('render_attempts').notNull().default(0),
  tracksOpens: boolean('tracks_opens').notNull().default(false),
  tracksClicks: boolean('tracks_clicks').notNull().default(false),
  claimedAt: instant('claimed_at'),
  handedOverAt: instant('handed_over_at'),
  settledAt: instant('settled_at'),
  /** When a held delivery is tried again, on the clock of its run. */
  heldUntil: instant('held_until'),
  /** When recovery has to look at a row that does not go the usual way; the database derives it. */
  due: instant('due').generatedAlwaysAs(sql`derived`),
  journey: text('journey'),
  step: text('step'),
  channel: text('channel').notNull(),
  message: text('message').notNull(),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  /** Message-ID of an e-mail, SID of an SMS. */
  providerId: text('provider_id'),
  /** Hash of the frame of its decision; null, with facts and decision, where nothing was decided yet. */
  frame: bytes('frame'),
  facts: jsonText<Facts>('facts'),
  decision: jsonText<PackedDecision>('decision'),
  state: text('state', { enum: deliveryStates }).notNull(),
  /** The state, and `usual` for all states of the usual way; the database derives it. For lists: `state` stands in no index. */
  course: text('course').notNull().generatedAlwaysAs(sql`derived`),
  reason: text('reason'),
  providerAnswer: jsonb('provider_answer').$type<unknown>(),
  /** What a person recorded of an outcome that was unknown: `by` is their API key's id. */
  settledByHand: jsonb('settled_by_hand').$type<{ by: string; at: string; reason: string }>(),
})

/** A delivery's row, without what the database derives. */
export type DeliveryRow = Omit<InferSelectModel<typeof deliveries>, 'due' | 'course'>

/** What the inputs of all decisions on one version share. Append-only. */
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

/** The scope of a mail's links, by the handle they carry. Each attempt makes a mail of its own; links never expire, so this outlives it. */
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

/** Links of tracked mails that lead over our redirect. */
export const links = pgTable('links', {
  tokenHash: bytes('token_hash').primaryKey(),
  position: integer('position').notNull(),
  link: text('link').notNull(),
  url: text('url').notNull(),
  /** The mail it is in, by the hash of its handle. */
  handleHash: bytes('handle_hash').notNull(),
})

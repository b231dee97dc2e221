/** Deliveries: one message to one contact point from one step of one run, from claim to outcome; blocks included. */
import { boolean, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import { deliveryStates } from '../../domain/delivery/states.ts'
import { bytes, instant } from './columns.ts'

export const deliveries = pgTable('deliveries', {
  /** Given before there is a row: claim key, Message-ID and the provider's idempotency key. */
  id: uuid('id').primaryKey(),
  runId: uuid('run_id'),
  step: text('step'),
  visit: integer('visit'),
  doubleOptIn: uuid('double_opt_in'),
  journey: text('journey'),
  journeyVersion: integer('journey_version'),
  contactId: uuid('contact_id'),
  contactPointId: uuid('contact_point_id'),
  channel: text('channel').notNull(),
  message: text('message').notNull(),
  messageVersion: integer('message_version'),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  state: text('state', { enum: deliveryStates }).notNull(),
  reason: text('reason'),
  decision: jsonb('decision').$type<Decision>(),
  decisionInput: jsonb('decision_input').$type<DecisionInput>(),
  /** Raised by each claim; only the newest attempt may hand over. */
  attempt: integer('attempt').notNull().default(1),
  /** Renderings of it that were stopped for taking too long or too much memory. */
  renderAttempts: integer('render_attempts').notNull().default(0),
  handleHash: bytes('handle_hash'),
  tracksOpens: boolean('tracks_opens').notNull().default(false),
  tracksClicks: boolean('tracks_clicks').notNull().default(false),
  /** Message-ID of an e-mail, SID of an SMS. */
  providerId: text('provider_id'),
  providerAnswer: jsonb('provider_answer').$type<unknown>(),
  /** When its id was made: when it became due. */
  createdAt: instant('created_at').notNull(),
  claimedAt: instant('claimed_at'),
  handedOverAt: instant('handed_over_at'),
  settledAt: instant('settled_at'),
  /** When a held delivery is tried again, on the clock of its run. */
  heldUntil: instant('held_until'),
  /** How often it was held. */
  holds: integer('holds').notNull().default(0),
  /** What a person recorded of an outcome that was unknown: `by` is their API key's id. */
  settledByHand: jsonb('settled_by_hand').$type<{ by: string; at: string; reason: string }>(),
})

export const deliveryContents = pgTable('delivery_contents', {
  deliveryId: uuid('delivery_id').primaryKey(),
  sealed: jsonb('sealed').$type<unknown>().notNull(),
})

/** Handles of attempts that were told no after the body, and may have been delivered all the same. */
export const formerHandles = pgTable('former_handles', {
  hash: bytes('hash').primaryKey(),
  deliveryId: uuid('delivery_id').notNull(),
  /** What that attempt was, which is the scope of its links; the next one may have gone to another address. */
  contactPointId: uuid('contact_point_id').notNull(),
  message: text('message').notNull(),
  messageVersion: integer('message_version'),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  tracksOpens: boolean('tracks_opens').notNull().default(false),
  tracksClicks: boolean('tracks_clicks').notNull().default(false),
})

export const links = pgTable('links', {
  tokenHash: bytes('token_hash').primaryKey(),
  deliveryId: uuid('delivery_id').notNull(),
  position: integer('position').notNull(),
  link: text('link').notNull(),
  url: text('url').notNull(),
  /** The mail it is in, by the hash of its handle: the delivery's own, or a former one. */
  handleHash: bytes('handle_hash'),
})

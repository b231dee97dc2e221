/** Requests for double opt-in, and the hashes of the tokens mailed for them. */
import { integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

/** One requested purpose, or one of its topics. */
export type Grant = { purpose: string; topic: string | null }

export const doubleOptIns = pgTable('double_opt_ins', {
  id: uuid('id').primaryKey(),
  contactPointId: uuid('contact_point_id').notNull(),
  /** The contact that asked, of those that share the address; null: not given. */
  contactId: uuid('contact_id'),
  profile: text('profile').notNull(),
  profileVersion: integer('profile_version').notNull(),
  /** Key of the confirmation message. */
  message: text('message').notNull(),
  grants: jsonb('grants').$type<Grant[]>().notNull(),
  /** Canonical text of the grants. Indexed by its hash, because it may be too long for an index entry. */
  grantsKey: text('grants_key').notNull(),
  state: text('state', { enum: ['pending', 'confirmed', 'expired', 'withdrawn'] }).notNull(),
  noticeHash: bytes('notice_hash'),
  notice: jsonb('notice').$type<{ id: string; version: string; language: string } | null>(),
  /** Ids of the confirmation mails due so far. A repeated request while pending adds one. */
  mails: uuid('mails').array().notNull(),
  clock: text('clock', { enum: ['real', 'skipping'] })
    .notNull()
    .default('real'),
  requestedAt: instant('requested_at').notNull(),
  remindAt: instant('remind_at'),
  expiresAt: instant('expires_at').notNull(),
  remindedAt: instant('reminded_at'),
  settledAt: instant('settled_at'),
  /** How often its end could not be recorded or its workflow was restarted, and when recovery checks it again. */
  settleFailures: integer('settle_failures').notNull().default(0),
  settleAfter: instant('settle_after'),
})

export const doubleOptInTokens = pgTable('double_opt_in_tokens', {
  hash: bytes('hash').primaryKey(),
  doubleOptIn: uuid('double_opt_in').notNull(),
  createdAt: instant('created_at').notNull().default(databaseClock),
})

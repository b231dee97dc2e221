/** Test sends of a message, from the request to the server's answer. After that, address and content are deleted. */
import { integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

export const testMailStates = ['queued', 'handed-over', 'sent', 'failed', 'unknown'] as const
export type TestMailState = (typeof testMailStates)[number]

export const testMails = pgTable('test_mails', {
  id: uuid('id').primaryKey(),
  message: text('message').notNull(),
  messageVersion: integer('message_version').notNull(),
  profile: text('profile').notNull(),
  profileVersion: integer('profile_version').notNull(),
  purpose: text('purpose').notNull(),
  topic: text('topic'),
  /** Id of the API key. */
  requestedBy: text('requested_by').notNull(),
  /** Null once it is settled. */
  recipient: text('recipient'),
  recipientMasked: text('recipient_masked').notNull(),
  recipientHash: bytes('recipient_hash').notNull(),
  /** Null once it is settled. */
  content: jsonb('content').$type<{ subject: string; html: string | null; text: string }>(),
  state: text('state', { enum: testMailStates }).notNull().default('queued'),
  reason: text('reason'),
  providerAnswer: jsonb('provider_answer').$type<unknown>(),
  attempt: integer('attempt').notNull().default(0),
  nextAttemptAt: instant('next_attempt_at').notNull().default(databaseClock),
  createdAt: instant('created_at').notNull().default(databaseClock),
  settledAt: instant('settled_at'),
})

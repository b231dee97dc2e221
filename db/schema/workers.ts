/** Worker processes, as they say themselves that they live. */
import { jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { databaseClock, instant } from './columns.ts'

/** Whether a worker could get a connection to the mail server, when it last tried; `code` says what was in the way. */
export type MailStanding = { ok: true } | { ok: false; code: string }

export const workers = pgTable('workers', {
  id: uuid('id').primaryKey(),
  taskQueue: text('task_queue').notNull(),
  startedAt: instant('started_at').notNull().default(databaseClock),
  seenAt: instant('seen_at').notNull().default(databaseClock),
  /** Null: not tried yet. */
  mail: jsonb('mail').$type<MailStanding>(),
})

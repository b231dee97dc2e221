/** Worker processes, by their heartbeats. */
import { jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { ChannelStandings } from '../../domain/delivery/channelStanding.ts'
import { databaseClock, instant } from './columns.ts'

export const workers = pgTable('workers', {
  id: uuid('id').primaryKey(),
  taskQueue: text('task_queue').notNull(),
  startedAt: instant('started_at').notNull().default(databaseClock),
  seenAt: instant('seen_at').notNull().default(databaseClock),
  /** Result of its last probe, by channel. */
  channels: jsonb('channels').$type<ChannelStandings>().notNull().default({}),
})

/** How far the sweeps are that change rows and delete none (transactions/retention/). */
import { pgTable, text, uuid } from 'drizzle-orm/pg-core'

export const retentionProgress = pgTable('retention_progress', {
  /** Of the retention (domain/retention.ts). */
  name: text('name').primaryKey(),
  /** The last row looked at. */
  last: uuid('last').notNull(),
})

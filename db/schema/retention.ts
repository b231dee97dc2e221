/** Progress of the sweeps that change rows instead of deleting them (transactions/retention/). */
import { pgTable, text, uuid } from 'drizzle-orm/pg-core'

export const retentionProgress = pgTable('retention_progress', {
  /** Name of the retention (domain/retention.ts). */
  name: text('name').primaryKey(),
  /** The last row that was checked. */
  last: uuid('last').notNull(),
})

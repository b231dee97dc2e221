/** What recovery remembers between two looks, and across processes: one row. */
import { bigint, boolean, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { Sweep } from '../../domain/recovery/sweep.ts'
import { instant } from './columns.ts'

export const recovery = pgTable('recovery', {
  id: boolean('id').primaryKey().default(true),
  /** Which process looks now; the others leave it alone until `heldUntil`. */
  holder: uuid('holder'),
  heldUntil: instant('held_until'),
  /** Workflows that closed before then have been looked at. */
  closedUntil: instant('closed_until'),
  /** Id of the engine's namespace, when it was last seen. */
  namespace: text('namespace'),
  /** What the beacon workflow had counted to, when it was last seen. */
  generation: bigint('generation', { mode: 'number' }).notNull().default(0),
  sweep: jsonb('sweep').$type<Sweep | null>(),
})

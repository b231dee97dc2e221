/** The state of recovery between two looks, shared by all processes: one row. */
import { bigint, boolean, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { Sweep } from '../../domain/recovery/sweep.ts'
import { instant } from './columns.ts'

export const recovery = pgTable('recovery', {
  id: boolean('id').primaryKey().default(true),
  /** The process that looks now; no other process may until `heldUntil`. */
  holder: uuid('holder'),
  heldUntil: instant('held_until'),
  /** Workflows that closed before this time have been checked. */
  closedUntil: instant('closed_until'),
  /** Id of the engine's namespace, as last read. */
  namespace: text('namespace'),
  /** Count of the beacon workflow, as last read. */
  generation: bigint('generation', { mode: 'number' }).notNull().default(0),
  sweep: jsonb('sweep').$type<Sweep | null>(),
})

/**
 * Shows in a run's path that a condition could not be evaluated when an event came: at the step where the run is. The reason stays until
 * something else settles that step.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { type LockedContact, requireLock } from '../locks.ts'

export type UnknownOfRun = { run: string; reason: string }

/** One statement, however many runs; none where there is nothing to note. */
export async function noteUnknowns(
  tx: Db,
  contact: LockedContact,
  unknown: readonly UnknownOfRun[],
): Promise<void> {
  requireLock(tx, contact)
  if (unknown.length > 0) await noting.all(tx, { unknown: JSON.stringify(unknown) })
}

const noting = new PreparedQuery<{ unknown: string }, never>(
  sql`update run_path p set reason = one.reason
    from jsonb_to_recordset(${given('unknown')}::jsonb) as one (run uuid, reason text) join runs r on r.id = one.run
    where p.run_id = r.id and p.visit = (r.position->>'visit')::integer and p.outcome in ('waiting', 'sending')`,
)

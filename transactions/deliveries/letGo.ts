/**
 * Cancels what is still held for a run or a request that has ended: nobody waits for it, so nobody would try it again. An attempt that
 * was under way at the end may hold its delivery after it.
 *
 * Locks: the rows of the deliveries.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'

/** @param reason how the run or the request ended: a code */
export async function letGo(tx: Db, deliveries: readonly string[], reason: string): Promise<void> {
  if (deliveries.length > 0) await letting.all(tx, { deliveries, reason })
}

const letting = new PreparedQuery<{ deliveries: readonly string[]; reason: string }, never>(
  sql`update deliveries set state = 'cancelled', reason = ${given('reason')}, held_until = null, settled_at = clock_timestamp()
    where id = any(${given('deliveries')}::uuid[]) and state = 'held'`,
)

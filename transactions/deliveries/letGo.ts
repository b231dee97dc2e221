/**
 * Cancels what is still held for a run or a request that has ended, since nothing would try it again. An attempt that was under way at
 * the end may hold its delivery after it.
 *
 * Locks: the rows of the deliveries, in the order of their ids.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { deliveryLocks } from '../locks.ts'

/** @param reason how the run or the request ended: a code */
export async function letGo(tx: Db, deliveries: readonly string[], reason: string): Promise<void> {
  if (deliveries.length === 0) return
  await pipelined(tx, [deliveryLocks(tx, deliveries), letting.with({ deliveries, reason })])
}

const letting = new PreparedQuery<{ deliveries: readonly string[]; reason: string }, never>(
  sql`update deliveries set state = 'cancelled', reason = ${given('reason')}, held_until = null, settled_at = clock_timestamp()
    where id = any(${given('deliveries')}::uuid[]) and state = 'held'`,
)

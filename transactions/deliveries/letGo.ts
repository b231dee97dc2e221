/**
 * Settles what waits for its next attempt when its run or request has ended, since nothing would make that attempt. What is held is
 * cancelled. What an idempotent channel was to hand over again may be with the provider, so it is `unknown`. An attempt that was under
 * way at the end is heard out; it may hold its delivery, or die, after the end. So the workflow's last question settles what is left
 * (`isLeft`): by then no attempt is under way. One that is alive all the same may send nothing any more, and its late answer counts.
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

/** A delivery that waits for its next attempt. */
export const waitsForAttempt = sql`(deliveries.state = 'held'
  or (deliveries.state = 'handed-over' and deliveries.held_until is not null))`

/** A delivery without an outcome. */
export const isLeft = sql`deliveries.state in ('held', 'claimed', 'handed-over')`

/** What becomes of it at the end of its run or request. Takes `reason`. */
export const settlesAtEnd = sql`held_until = null, settled_at = clock_timestamp(),
  state = case deliveries.state when 'handed-over' then 'unknown' else 'cancelled' end,
  reason = case deliveries.state when 'handed-over' then 'no-answer' else ${given('reason')}::text end`

const letting = new PreparedQuery<{ deliveries: readonly string[]; reason: string }, never>(
  sql`update deliveries set ${settlesAtEnd}
    where id = any(${given('deliveries')}::uuid[]) and ${waitsForAttempt}`,
)

/** Settles the delivery of a run that has ended, whatever its last attempt left: for the last question of the run's workflow. */
export async function settleLeft(tx: Db, delivery: string, reason: string): Promise<void> {
  await pipelined(tx, [deliveryLocks(tx, [delivery]), settling.with({ deliveries: [delivery], reason })])
}

const settling = new PreparedQuery<{ deliveries: readonly string[]; reason: string }, never>(
  sql`update deliveries set ${settlesAtEnd}
    where id = any(${given('deliveries')}::uuid[]) and ${isLeft}`,
)

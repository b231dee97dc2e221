/**
 * Ends the requests for double opt-in that an opt-out overtook: pending → withdrawn, where not one of the grants is pending
 * in the ledger any more.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { doubleOptIns, type Grant } from '../../db/schema/doubleOptIns.ts'
import type { Standings } from '../../domain/consent/types.ts'
import type { LockedContactPoint } from '../locks.ts'
import { announce } from './announceRequest.ts'

export async function withdrawRequests(
  tx: Db,
  contactPoint: LockedContactPoint,
  standings: Standings,
  now: string,
): Promise<void> {
  const pending = await tx
    .select()
    .from(doubleOptIns)
    // The state as a literal: only so can the index over pending requests serve every plan.
    .where(and(eq(doubleOptIns.contactPointId, contactPoint.id), sql`${doubleOptIns.state} = 'pending'`))
  for (const request of pending) {
    if (stillPending(standings, request.id, request.grants).length > 0) continue
    await tx
      .update(doubleOptIns)
      .set({ state: 'withdrawn', settledAt: now })
      .where(eq(doubleOptIns.id, request.id))
    await announce(tx, request, request.grants, contactPoint, 'withdrawn', now)
  }
}

/** The grants of a request that nothing has ended since. */
export function stillPending(standings: Standings, request: string, grants: readonly Grant[]): Grant[] {
  return grants.filter((grant) =>
    standings.entries.some(
      (entry) =>
        entry.purpose === grant.purpose &&
        entry.topic === grant.topic &&
        entry.pending.some((one) => one.doubleOptIn === request),
    ),
  )
}

/** Ends a request for double opt-in whose time is over. */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import type { Deps } from '../deps.ts'
import { announce } from '../ledger/announceRequest.ts'
import { appendEvents } from '../ledger/appendEvents.ts'
import { stillPending } from '../ledger/withdrawRequests.ts'
import type { LockedContactPoint } from '../locks.ts'

/** pending → expired. */
export async function expireIn(
  tx: Db,
  deps: Deps,
  contactPoint: LockedContactPoint,
  request: typeof doubleOptIns.$inferSelect,
): Promise<void> {
  const grants = stillPending(await readStandings(tx, contactPoint.id), request.id, request.grants)
  // First the request, then the ledger: an append looks for requests that lost their pending grants, and takes them for withdrawn.
  const now = await databaseNow(tx)
  await tx
    .update(doubleOptIns)
    .set({ state: 'expired', settledAt: now })
    .where(eq(doubleOptIns.id, request.id))
  await appendEvents(
    tx,
    deps,
    contactPoint,
    grants.map((grant) => ({
      kind: 'pending-ended' as const,
      purpose: grant.purpose,
      topic: grant.topic,
      state: null,
      occurredAt: null,
      source: { kind: 'double-opt-in' as const, via: 'expired' },
      related: { doubleOptIn: request.id },
    })),
  )
  await announce(tx, request, grants, contactPoint, 'expired', now)
}

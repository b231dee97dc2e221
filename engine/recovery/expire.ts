/** Expires overdue requests for double opt-in that no workflow has expired. A request that keeps failing does not block the others. */

import type { Deps } from '../../transactions/deps.ts'
import { advanceRequest } from '../../transactions/doubleOptIns/advanceRequest.ts'
import { postponeSettling } from '../../transactions/doubleOptIns/postponeSettling.ts'
import { overdueDoubleOptIns } from '../../views/doubleOptIns.ts'

/** Requests per batch. */
const batch = 200

/** @returns ids of the requests it expired */
export async function expireOverdue(deps: Deps, stopped: () => boolean): Promise<string[]> {
  const expired: string[] = []
  for (;;) {
    // Every request of a batch is settled or postponed, so the next query returns others.
    const overdue = await overdueDoubleOptIns(deps.db, batch)
    for (const id of overdue) {
      if (stopped()) return expired
      if (await expire(deps, id)) expired.push(id)
    }
    if (overdue.length < batch) return expired
  }
}

async function expire(deps: Deps, id: string): Promise<boolean> {
  try {
    const next = await advanceRequest(deps, { request: id, now: new Date().toISOString() })
    if (next.do !== 'end') await postponeSettling(deps, id)
    return next.do === 'end' && next.state === 'expired'
  } catch (error) {
    deps.log.warn({ err: error, id }, 'A double opt-in could not be expired. It is tried again.')
    await postponeSettling(deps, id)
    return false
  }
}

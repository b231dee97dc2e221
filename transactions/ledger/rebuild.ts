/**
 * Rewrites consent states that differ from the fold of the ledger; in an intact database there are none. Works in small batches, so that
 * locks are short.
 *
 * Locks: the contact points of a batch, in id order.
 */
import { asc, gt } from 'drizzle-orm'
import { readFoldEvents } from '../../db/reads/foldEvents.ts'
import { readStoredStates, stateDifference } from '../../db/reads/stateDifference.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { fold } from '../../domain/consent/fold.ts'
import type { Deps } from '../deps.ts'
import { lockContactPoints } from '../locks.ts'
import { refold } from './states.ts'

/** `differed`: contact points whose states were not what their ledger yields; they are now. */
export type Rebuilt = { contactPoints: number; differed: number }

/**
 * @param options.batch contact points in one transaction
 * @throws RangeError for a ledger row that no fold can read: verification says which
 */
export async function rebuild(deps: Deps, options: { batch?: number } = {}): Promise<Rebuilt> {
  const batch = options.batch ?? 100
  const total: Rebuilt = { contactPoints: 0, differed: 0 }
  let after: string | null = null
  for (;;) {
    const rows: { id: string }[] = await deps.db
      .select({ id: contactPoints.id })
      .from(contactPoints)
      .where(after === null ? undefined : gt(contactPoints.id, after))
      .orderBy(asc(contactPoints.id))
      .limit(batch)
    const ids = rows.map((row) => row.id)
    total.contactPoints += ids.length
    total.differed += await rebuildBatch(deps, ids)
    after = ids.at(-1) ?? null
    if (ids.length < batch) return total
  }
}

async function rebuildBatch(deps: Deps, ids: readonly string[]): Promise<number> {
  return deps.db.transaction(async (tx) => {
    const points = await lockContactPoints(tx, ids)
    const stored = await readStoredStates(tx, ids)
    let differed = 0
    for (const point of points) {
      const standings = fold(await readFoldEvents(tx, point.id))
      if (stateDifference(stored.get(point.id) ?? [], standings) === null) continue
      await refold(tx, point)
      differed += 1
    }
    return differed
  })
}

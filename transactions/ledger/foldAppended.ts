/** The states after each event of an append: folded from the states before, or from the whole chain if they are not enough. */
import { and, eq, inArray, lt } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { readFoldEvents } from '../../db/reads/foldEvents.ts'
import { consentEvents } from '../../db/schema/ledger.ts'
import { fold, foldOn, freshRequests } from '../../domain/consent/fold.ts'
import type { FoldEvent, Standings } from '../../domain/consent/types.ts'
import type { LedgerEvent } from '../../domain/ledger/event.ts'
import { foldEventOf } from '../../domain/ledger/project.ts'
import type { LockedContactPoint } from '../locks.ts'
import type { FoldedEvent } from './announceChanges.ts'

/**
 * @param before what stood before the first of them
 * @param added in the order of the chain, stored already
 */
export async function foldAppended(
  tx: Db,
  { id: contactPointId }: LockedContactPoint,
  before: Standings,
  added: readonly LedgerEvent[],
): Promise<FoldedEvent[]> {
  const events = added.map(foldEventOf)
  const fresh = freshRequests(events, await namedBefore(tx, contactPointId, events))
  let chain: FoldEvent[] | null = null
  let standings = before
  const folded: FoldedEvent[] = []
  for (const event of added) {
    const foldEvent = foldEventOf(event)
    let after = foldOn(standings, foldEvent, fresh)
    if (after === null) {
      chain ??= await readFoldEvents(tx, contactPointId)
      after = fold(chain.filter(({ seq }) => seq <= foldEvent.seq))
    }
    folded.push({ event, before: standings, after })
    standings = after
  }
  return folded
}

/** Of the requests that these events begin, those that the chain names before them: in practice none. */
async function namedBefore(
  tx: Db,
  contactPointId: string,
  events: readonly FoldEvent[],
): Promise<Set<string>> {
  const begun = new Set(events.flatMap((one) => (one.kind === 'pending' ? (one.doubleOptIn ?? []) : [])))
  const [first] = events
  if (begun.size === 0 || first === undefined) return new Set()
  const rows = await tx
    .selectDistinct({ request: consentEvents.doubleOptIn })
    .from(consentEvents)
    .where(
      and(
        eq(consentEvents.contactPointId, contactPointId),
        inArray(consentEvents.doubleOptIn, [...begun]),
        lt(consentEvents.seq, first.seq),
      ),
    )
  return new Set(rows.flatMap(({ request }) => request ?? []))
}

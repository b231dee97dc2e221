/** Says what an append changed: `consent.granted` and `consent.withdrawn`, as outbox rows of the append's own transaction. */
import type { Db } from '../../db/connect.ts'
import { hasCome } from '../../domain/consent/instant.ts'
import type { Place } from '../../domain/consent/scope.ts'
import { standing } from '../../domain/consent/standing.ts'
import type { Standings } from '../../domain/consent/types.ts'
import type { LedgerEvent } from '../../domain/ledger/event.ts'
import type { ContactPointRow } from '../locks.ts'
import { type OutboxTrigger, putInOutbox } from '../outbox.ts'

/**
 * Each change is a trigger; late news that changes nothing, or the same said twice, is none.
 * @param unannounced what changes for nobody, since another append of the same act undoes it
 */
export async function announceChanges(
  tx: Db,
  contactPoint: ContactPointRow,
  events: readonly LedgerEvent[],
  folded: { before: Standings; after: Standings; now: string },
  unannounced: readonly Place[],
): Promise<void> {
  for (const event of events) {
    if (event.kind !== 'consent') continue
    if (unannounced.some((place) => place.purpose === event.purpose && place.topic === event.topic)) continue
    const before = standing(folded.before, event.purpose, event.topic)
    const after = standing(folded.after, event.purpose, event.topic)
    const lapsed = before.expiresAt !== null && hasCome(before.expiresAt, folded.now)
    if (after.events[0] !== event.id || (before.state === after.state && !lapsed)) continue
    await putInOutbox(tx, { stream: event.id, kind: 'trigger', body: triggerOf(event, contactPoint) })
  }
}

function triggerOf(event: LedgerEvent, contactPoint: ContactPointRow): OutboxTrigger {
  return {
    name: event.state === 'opted-in' ? 'consent.granted' : 'consent.withdrawn',
    senderEvent: event.id,
    contactPoint: contactPoint.id,
    contact: null,
    delivery: event.related.delivery,
    payload: {
      channel: contactPoint.channel,
      purpose: event.purpose,
      topic: event.topic,
      source: event.source.kind,
      event: event.id,
    },
    occurredAt: event.occurredAt,
  }
}

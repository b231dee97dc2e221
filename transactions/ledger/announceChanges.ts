/**
 * Raises what an append changed: one `consent.granted` or `consent.withdrawn` for each purpose and topic whose standing is another
 * now (`domain/consent/changes.ts` says which), as outbox rows of the append's own transaction. They go out in the order of the
 * contact point's chain.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import {
  mayChangeStandings,
  type OfferedPurpose,
  reachesEverything,
  type StandingChange,
  standingChanges,
} from '../../domain/consent/changes.ts'
import type { Place } from '../../domain/consent/scope.ts'
import type { Standings } from '../../domain/consent/types.ts'
import type { LedgerEvent } from '../../domain/ledger/event.ts'
import type { LockedContactPoint } from '../locks.ts'
import { type OutboxTrigger, putAllInOutbox, streamOfPoint } from '../outbox.ts'

/** An event with what stood before and after it. */
export type FoldedEvent = { event: LedgerEvent; before: Standings; after: Standings }

/** @param unannounced changes that raise no trigger, because another append of the same action undoes them */
export async function announceChanges(
  tx: Db,
  contactPoint: LockedContactPoint,
  folded: readonly FoldedEvent[],
  unannounced: readonly Place[],
  now: string,
): Promise<void> {
  const changing = folded.filter(({ event }) => mayChangeStandings(event))
  if (changing.length === 0) return
  const offered = await offeredPurposes(
    tx,
    contactPoint.channel,
    changing.map(({ event }) => event),
  )
  const isAnnounced = ({ purpose, topic }: Place) =>
    !unannounced.some((place) => place.purpose === purpose && place.topic === topic)
  const triggers = changing.flatMap(({ event, before, after }) =>
    standingChanges(event, before, after, offered, now)
      .filter(isAnnounced)
      .map((change) => triggerOf(event, change, contactPoint)),
  )
  const stream = streamOfPoint(contactPoint)
  await putAllInOutbox(
    tx,
    triggers.map((body) => ({ stream, kind: 'trigger', body })),
  )
}

/** The purposes that ask consent, as far as these events reach. */
async function offeredPurposes(
  tx: Db,
  channel: string,
  events: readonly LedgerEvent[],
): Promise<OfferedPurpose[]> {
  const all = events.some(reachesEverything)
  const keys = JSON.stringify(events.map(({ purpose }) => purpose))
  return offered.all(tx, { channel, all, keys })
}

const offered = new PreparedQuery<{ channel: string; all: boolean; keys: string }, OfferedPurpose>(
  sql`select p.key,
      coalesce(p.definition->'channels'->>${given('channel')}, p.definition->>'enforcement', 'restrictive') as enforcement,
      (select coalesce(json_agg(t.key), '[]') from topics t where t.purpose = p.key) as topics
    from purposes p
    where p.kind <> 'transactional'
      and (${given('all')}::boolean or p.key in (select jsonb_array_elements_text(${given('keys')}::jsonb)))`,
)

function triggerOf(
  event: LedgerEvent,
  change: StandingChange,
  contactPoint: LockedContactPoint,
): OutboxTrigger {
  const { purpose, topic, state } = change
  return {
    name: `consent.${change.change}`,
    senderEvent: [event.id, purpose, ...(topic === null ? [] : [topic])].join(':'),
    contactPoint: contactPoint.id,
    contact: null,
    delivery: event.related.delivery,
    doubleOptIn: event.related.doubleOptIn,
    payload: {
      channel: contactPoint.channel,
      purpose,
      topic,
      state,
      source: event.source.kind,
      event: event.id,
    },
    occurredAt: event.occurredAt,
  }
}

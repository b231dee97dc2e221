/**
 * Settles open waits that an event matches: open → matched(event), once.
 *
 * Lock: the contact.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { type Await, isAwaited } from '../../domain/journey/awaits.ts'
import type { Bindings } from './bindings.ts'
import { runStateAfterWait } from './runStates.ts'

/**
 * The first awaited thing that this event is, or null. Whether it is recent enough, the caller knows.
 * @param trigger payload of the run's entry
 */
export async function firstMatch(
  awaits: readonly Await[],
  event: StoredEvent & { messageStep: string | null },
  trigger: Record<string, unknown>,
  bindings: Bindings,
): Promise<number | null> {
  for (const awaited of awaits) {
    if (!isAwaited(awaited, event)) continue
    if (await bindings.holds(awaited.where, { trigger, event: event.payload })) return awaited.index
  }
  return null
}

/** `branch`: which of the awaited things it was. */
export type Match = { wait: string; branch: number }

/** What is kept of the event that settled a wait; `seq` is its place among the contact's events. */
export type MatchedEvent = { id: string; name: string; seq: number; recordedAt: string }

/** Compare-and-set under the contact's lock. @returns the runs whose wait was still open */
export async function settleMatched(
  tx: Db,
  matches: readonly Match[],
  event: MatchedEvent,
): Promise<{ run: string; journey: string }[]> {
  if (matches.length === 0) return []
  const { id, name, seq, recordedAt: at } = event
  return match.all(tx, { matches: JSON.stringify(matches), event: id, name, seq, at })
}

/**
 * The waits, their runs and the runs' paths; answers nothing of waits that were open no more. A run's mark never goes back: a wait
 * that looks back (to the entry, or to a message) must not give those after it what was taken already.
 */
const match = new PreparedQuery<
  { matches: string; event: string; name: string; seq: number; at: string },
  { run: string; journey: string }
>(
  sql`with given as (
    select * from jsonb_to_recordset(${given('matches')}::jsonb) as one (wait uuid, branch integer)
  ), settled as (
    update waits set state = 'matched', event_id = ${given('event')}, branch = given.branch, settled_at = ${given('at')}::timestamptz
    from given where waits.id = given.wait and waits.state = 'open'
    returning run_id, step, visit, waits.branch
  ), moved as (
    update runs set state = ${runStateAfterWait}, mark_seq = greatest(mark_seq, ${given('seq')}::bigint)
    from settled where runs.id = settled.run_id
    returning runs.id, runs.journey
  ), told as (
    insert into run_path (run_id, step, visit, at, outcome, reason, event, way)
    select run_id, step, visit, ${given('at')}::timestamptz, 'matched', ${given('name')}, ${given('event')}::uuid, branch from settled
    on conflict (run_id, visit) do update
      set at = excluded.at, outcome = excluded.outcome, reason = excluded.reason, event = excluded.event, way = excluded.way
  )
  select id as run, journey from moved order by id`,
)

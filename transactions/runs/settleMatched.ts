/**
 * Settles open waits of one contact that an event matches: open → matched(event), once.
 *
 * Locks: the runs of the waits, in the order of their ids.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { Unknowns } from '../../domain/conditions/judged.ts'
import { type Awaitable, isAwaited } from '../../domain/journey/awaits.ts'
import { type LockedContact, requireLock, runLocks } from '../locks.ts'
import type { Bindings } from './bindings.ts'
import { stateAfter } from './runStates.ts'

/** `index`: of the awaited event or exit; null: none. `unknown`: why conditions of others could not be evaluated. */
export type FoundMatch = { index: number | null; unknown: string | null }

/**
 * The first awaited thing that this event is. Whether the event is recent enough, the caller knows.
 * @param trigger payload of the run's entry
 * @param what the language calls the awaited things: `event`, of a wait, or `exit`
 */
export async function firstMatch(
  awaits: readonly Awaitable[],
  event: StoredEvent & { messageStep: string | null },
  trigger: Record<string, unknown>,
  bindings: Bindings,
  what: 'event' | 'exit',
): Promise<FoundMatch> {
  const unknowns = new Unknowns()
  for (const awaited of awaits) {
    if (!isAwaited(awaited, event)) continue
    const judged = await bindings.judge(awaited.where, { trigger, event: event.payload })
    if (unknowns.note(`${what} ${awaited.index + 1}`, judged))
      return { index: awaited.index, unknown: unknowns.reason }
  }
  return { index: null, unknown: unknowns.reason }
}

/** `branch`: which of the awaited things it was. */
export type Match = { wait: string; run: string; branch: number }

/** What is kept of the event that settled a wait; `seq` is its place among the contact's events. */
export type MatchedEvent = { id: string; name: string; seq: number; recordedAt: string }

/**
 * Compare-and-set.
 * @param contact whose waits they are; its lock guards them
 * @returns the runs whose wait was still open
 */
export async function settleMatched(
  tx: Db,
  contact: LockedContact,
  matches: readonly Match[],
  event: MatchedEvent,
): Promise<{ run: string; journey: string }[]> {
  requireLock(tx, contact)
  if (matches.length === 0) return []
  const { id, name, seq, recordedAt: at } = event
  const [, settled] = await pipelined(tx, [
    runLocks(
      tx,
      matches.map(({ run }) => run),
    ),
    match.with({ contact: contact.id, matches: JSON.stringify(matches), event: id, name, seq, at }),
  ])
  return settled
}

/**
 * The waits, their runs and the runs' paths; answers nothing of waits that were open no more. A run's mark never goes back: a wait
 * that looks back (to the entry, or to a message) must not give those after it what was taken already.
 */
const match = new PreparedQuery<
  { contact: string; matches: string; event: string; name: string; seq: number; at: string },
  { run: string; journey: string }
>(
  sql`with given as (
    select * from jsonb_to_recordset(${given('matches')}::jsonb) as one (wait uuid, branch integer)
  ), settled as (
    update waits set state = 'matched', event_id = ${given('event')}, branch = given.branch, settled_at = ${given('at')}::timestamptz
    from given where waits.id = given.wait and waits.state = 'open' and waits.contact_id = ${given('contact')}::uuid
    returning run_id, step, visit, waits.branch
  ), moved as (
    update runs set state = ${stateAfter('goes-on')}, mark_seq = greatest(mark_seq, ${given('seq')}::bigint)
    from settled where runs.id = settled.run_id
    returning runs.id, runs.journey, runs.state
  ), busy as (
    insert into busy_runs (run_id) select id from moved where state = 'running' on conflict (run_id) do update set since = excluded.since
  ), told as (
    insert into run_path (run_id, step, visit, at, outcome, reason, event, way)
    select run_id, step, visit, ${given('at')}::timestamptz, 'matched', ${given('name')}, ${given('event')}::uuid, branch from settled
    on conflict (run_id, visit) do update
      set at = excluded.at, outcome = excluded.outcome, reason = excluded.reason, event = excluded.event, way = excluded.way
  )
  select id as run, journey from moved order by id`,
)

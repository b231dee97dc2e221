/**
 * Settles the open waits of a contact that an event matches: open → matched(event), once. Three statements, however many waits
 * match: one reads the waits that the event may concern, one settles, one tells their workflows.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { runs, waits } from '../../db/schema/journeys.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { type Await, awaitsOf, isAwaited } from '../../domain/journey/awaits.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import { putAllInOutbox } from '../outbox.ts'
import { runStateAfterWait } from '../runs/runStates.ts'
import type { Bindings } from './bindings.ts'
import type { Happening } from './happening.ts'

type OpenWait = Pick<typeof waits.$inferSelect, 'id' | 'step'> &
  Pick<typeof runs.$inferSelect, 'journey' | 'version' | 'payload'> & {
    run: string
    /** The send step of this run whose newest message the event is about. */
    messageStep: string | null
  }

/**
 * What of the contact's open waits the event may concern: those that await a trigger of its name, and the wait of the run whose
 * newest message it is about.
 */
export const concernedWaits = new PreparedQuery<
  { contact: string; name: string; delivery: string | null },
  OpenWait
>(
  sql`with message as (
    select run_id, step from deliveries one where id = ${given('delivery')}::uuid and not exists (
      select from deliveries later where later.run_id = one.run_id and later.step = one.step and later.visit > one.visit)
  )
  select w.id, w.run_id as run, w.step, r.journey, r.version, r.payload, m.step as "messageStep"
    from waits w join runs r on r.id = w.run_id left join message m on m.run_id = w.run_id
    where w.contact_id = ${given('contact')}::uuid and w.state = 'open' and w.kind = 'events'
      and (w.awaited is null or w.awaited @> array[${given('name')}::text] or m.step is not null)
    order by w.id`,
)

/** @returns the runs whose wait it settled */
export async function matchWaits(
  { deps, tx, event, bindings }: Happening,
  open: readonly OpenWait[],
): Promise<string[]> {
  const matches: Match[] = []
  for (const { id, step, messageStep, journey, version, payload } of open) {
    const { definition } = await deps.versions.journey(tx, journey, version)
    const awaits = awaitsOf(definition, step)
    const branch = await firstMatch(awaits, { ...event, messageStep }, payload, bindings)
    if (branch !== null) matches.push({ wait: id, branch })
  }
  const settled = await settleMatched(tx, matches, event)
  const nudge = { why: 'trigger', trigger: event.name, event: event.id } as const
  await putAllInOutbox(
    tx,
    settled.map(({ run, journey }) => ({
      stream: run,
      kind: 'signal',
      body: { workflow: journeyWorkflowId(journey, run), nudge },
    })),
  )
  return settled.map(({ run }) => run)
}

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

/**
 * Ends runs, each once: running, waiting or paused → completed, exited, cancelled or failed. A second end learns of the first.
 *
 * Locks: the contact row, the run rows, then the rows of held deliveries.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { RunEnd } from '../../domain/journey/machineTypes.ts'
import { endOf } from '../../domain/journey/runState.ts'
import type { Nudge } from '../../domain/journey/signals.ts'
import { Refusal } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import { settlesAtEnd, waitsForAttempt } from '../deliveries/letGo.ts'
import type { Deps } from '../deps.ts'
import { type LockedContact, type LockedRun, lockRunWithContact, requireLock, runLocks } from '../locks.ts'
import { putAllInOutbox } from '../outbox.ts'
import { committing, tellRunEnds } from '../outcomes.ts'

/** The machine's own end of an open run. */
export async function endRunHere(
  deps: Deps,
  tx: Db,
  contact: LockedContact,
  run: LockedRun,
  end: RunEnd & { at: string },
): Promise<void> {
  const { state, reason, at } = end
  tellRunEnds(deps, await endAll(tx, contact, { runs: [run.id], state, reason, at, event: null }), end)
}

/** Cancelled by a person in Temporal: its workflow asks for it. @returns how the run really ended */
export async function cancelFromTemporal(deps: Deps, id: string): Promise<RunEnd> {
  return committing(deps, async (inner) => {
    const { contact, run, clock: at } = await lockRunWithContact(inner.db, id)
    const end = { state: 'cancelled', reason: 'cancelled-in-temporal' } as const
    tellRunEnds(inner, await endAll(inner.db, contact, { runs: [id], ...end, at, event: null }), end)
    return endOf(run) ?? end
  })
}

/** Cancelled by a person, over REST. @throws Refusal conflict `run-ended` */
export async function cancelRun(deps: Deps, id: string): Promise<void> {
  await committing(deps, async (inner) => {
    const { contact, run, clock: at } = await lockRunWithContact(inner.db, id)
    if (endOf(run) !== null) {
      throw new Refusal('run-ended', `The run has already ended: it is ${run.state}.`)
    }
    const end = { state: 'cancelled', reason: 'cancelled' } as const
    const ending = { runs: [id], ...end, at, event: null }
    const ended = await endRunsIn(inner.db, contact, ending, { why: 'cancelled' })
    tellRunEnds(inner, ended, end)
  })
}

type Ending = {
  runs: readonly string[]
  state: RunEnd['state']
  reason: string
  at: string
  /** The event that ended them, if one did. */
  event: string | null
}

/**
 * Ends runs of one contact from outside their workflows, and nudges those. The number of statements does not grow with the runs.
 *
 * @returns the runs that had not ended before; `tellRunEnds` once that is committed
 */
export async function endRunsIn(
  tx: Db,
  contact: LockedContact,
  end: Ending,
  nudge: Nudge,
): Promise<{ id: string; journey: string }[]> {
  if (end.runs.length === 0) return []
  const ended = await endAll(tx, contact, end)
  await putAllInOutbox(
    tx,
    ended.map(({ id, journey }) => ({
      stream: id,
      kind: 'signal',
      body: { workflow: journeyWorkflowId(journey, id), nudge },
    })),
  )
  return ended
}

/** The runs are locked first, so that the statement sees what those committed that had them until then. */
async function endAll(
  tx: Db,
  contact: LockedContact,
  end: Ending,
): Promise<{ id: string; journey: string }[]> {
  requireLock(tx, contact)
  const [, ended] = await pipelined(tx, [
    runLocks(tx, end.runs),
    ending.with({ ...end, contact: contact.id }),
  ])
  return ended
}

/** The runs, their open waits, what they hold, their paths, and what re-entry rules read. Gives only the runs that were open. */
const ending = new PreparedQuery<Ending & { contact: string }, { id: string; journey: string }>(
  sql`with ended as (
    update runs set state = ${given('state')}, ended_at = ${given('at')}::timestamptz, end_reason = ${given('reason')}, recover_after = null
    where id = any(${given('runs')}::uuid[]) and contact_id = ${given('contact')}::uuid and ended_at is null
    returning id, journey, contact_id, position
  ), not_open as (
    delete from open_runs using ended where run_id = ended.id
  ), not_busy as (
    delete from busy_runs using ended where run_id = ended.id
  ), let_go as (
    update deliveries set ${settlesAtEnd}
    from ended where deliveries.id = (ended.position->>'delivery')::uuid and ${waitsForAttempt}
  ), remembered as (
    update journey_entries e set last_ended = ${given('at')}::timestamptz from (select distinct contact_id, journey from ended) one
    where e.contact_id = one.contact_id and e.journey = one.journey
  ), closed as (
    update waits set state = 'closed', settled_at = ${given('at')}::timestamptz
    from ended where waits.run_id = ended.id and waits.state = 'open'
    returning waits.run_id, waits.step, waits.visit
  ), told as (
    insert into run_path (run_id, step, visit, at, outcome, reason, event)
    select run_id, step, visit, ${given('at')}::timestamptz, ${given('state')}, ${given('reason')}, ${given('event')}::uuid from closed
    on conflict (run_id, visit) do update
      set at = excluded.at, outcome = excluded.outcome, reason = excluded.reason, delivery = null, event = excluded.event
  )
  select id, journey from ended order by id`,
)

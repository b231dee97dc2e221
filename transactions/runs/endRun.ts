/**
 * Ends a run, once: running or waiting → completed, exited, cancelled or failed. Whoever comes second learns how it ended.
 *
 * Locks: the contact row, then the run row.
 */
import { eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { runs } from '../../db/schema/journeys.ts'
import { given, Statement } from '../../db/statement.ts'
import type { RunEnd } from '../../domain/journey/answers.ts'
import { findStep } from '../../domain/journey/definition.ts'
import type { Nudge } from '../../domain/journey/signals.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { House } from '../house.ts'
import { lockContact, lockRun, lockRunWithContact } from '../locks.ts'
import { putAllInOutbox } from '../outbox.ts'
import { tellRunEnds } from '../outcomes.ts'
import { recordStep } from './path.ts'

/** The workflow's word that the run has ended. @returns how it really ended */
export async function endRun(
  house: House,
  end: {
    run: string
    state: RunEnd['state']
    reason: string
    step: string | null
    visit: number | null
    now: string
  },
): Promise<RunEnd> {
  const { run: id, state, reason, now: at } = end
  const { ended, changed } = await house.db.transaction(async (tx) => {
    // Asked together they travel together, in this order.
    const [{ run }, changed] = await Promise.all([
      lockRunWithContact(tx, id),
      ending.all(tx, { runs: [id], state, reason, at, event: null }),
    ])
    const ended = changed.length > 0 ? { state, reason } : (endOf(run) ?? { state, reason })
    if (ended.reason === 'exit-step' && end.step !== null && end.visit !== null) {
      const { definition } = await house.versions.journey(tx, run.journey, run.version)
      const step = findStep(definition, end.step)
      // Somebody who comes second may stand at another step, whose own word must not be taken.
      if (step?.type === 'exit') {
        const reason = step.reason ?? null
        await recordStep(tx, { run: id, step: step.id, visit: end.visit, at, outcome: 'exited', reason })
      }
    }
    return { ended, changed }
  })
  tellRunEnds(house, changed, ended)
  return ended
}

/** Cancelled by a person, over REST. @throws Refusal conflict where the run has ended */
export async function cancelRun(house: House, id: string): Promise<void> {
  const end = { state: 'cancelled', reason: 'cancelled' } as const
  const ended = await house.db.transaction(async (tx) => {
    const [found] = await tx.select({ contactId: runs.contactId }).from(runs).where(eq(runs.id, id))
    if (found === undefined) throw notFound('run', id)
    await lockContact(tx, found.contactId)
    const run = await lockRun(tx, id)
    if (endOf(run) !== null) throw new Refusal('conflict', `the run has already ended: ${run.state}`)
    const at = await databaseNow(tx)
    return endRunsIn(tx, { ...end, runs: [id], at, event: null }, { why: 'cancelled' })
  })
  tellRunEnds(house, ended, end)
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
 * Ends runs of one contact for another reason than their workflows' own word, and nudges their workflows. Two statements, however
 * many runs. The contact's lock is held.
 *
 * @returns the runs that had not ended before; `tellRunEnds` once that is committed
 */
export async function endRunsIn(
  tx: Db,
  end: Ending,
  nudge: Nudge,
): Promise<{ id: string; journey: string }[]> {
  if (end.runs.length === 0) return []
  const ended = await ending.all(tx, end)
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

/** The runs, their open waits, and what their paths say of them; answers only the runs that had not ended before. */
const ending = new Statement<Ending, { id: string; journey: string }>(
  sql`with ended as (
    update runs set state = ${given('state')}, ended_at = ${given('at')}::timestamptz, end_reason = ${given('reason')}
    where id = any(${given('runs')}::uuid[]) and ended_at is null
    returning id, journey
  ), closed as (
    update waits set state = 'closed', settled_at = ${given('at')}::timestamptz
    from ended where waits.run_id = ended.id and waits.state = 'open'
    returning waits.run_id, waits.step, waits.visit
  ), told as (
    insert into run_path (run_id, step, visit, at, outcome, reason, event)
    select run_id, step, visit, ${given('at')}::timestamptz, ${given('state')}, ${given('reason')}, ${given('event')}::uuid from closed
    on conflict (run_id, step, visit) do update
      set at = excluded.at, outcome = excluded.outcome, reason = excluded.reason, delivery = null, event = excluded.event
  )
  select id, journey from ended order by id`,
)

/** How a run ended, or null while it has not. */
export function endOf(run: {
  state: (typeof runs.$inferSelect)['state']
  endReason: string | null
}): RunEnd | null {
  switch (run.state) {
    case 'running':
    case 'waiting':
    case 'paused':
      return null
    case 'completed':
    case 'exited':
    case 'cancelled':
    case 'failed':
      return { state: run.state, reason: run.endReason ?? run.state }
    default:
      return run.state satisfies never
  }
}

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
import { notFound, Refusal } from '../../domain/refusal.ts'
import type { House } from '../house.ts'
import { lockContact, lockRun, lockRunWithContact } from '../locks.ts'
import { type OutboxSignal, putInOutbox } from '../outbox.ts'
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
  return house.db.transaction(async (tx) => {
    const { run: id, state, reason, now: at } = end
    // Asked together they travel together, in this order.
    const [{ run }, changed] = await Promise.all([
      lockRunWithContact(tx, id),
      ending.all(tx, { run: id, state, reason, at, event: null }),
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
    return ended
  })
}

/** Cancelled by a person, over REST. @throws Refusal conflict where the run has ended */
export async function cancelRun(house: House, id: string): Promise<void> {
  await house.db.transaction(async (tx) => {
    const [found] = await tx.select({ contactId: runs.contactId }).from(runs).where(eq(runs.id, id))
    if (found === undefined) throw notFound('run', id)
    await lockContact(tx, found.contactId)
    const run = await lockRun(tx, id)
    if (endOf(run) !== null) throw new Refusal('conflict', `the run has already ended: ${run.state}`)
    const at = await databaseNow(tx)
    await endRunIn(tx, { run: id, state: 'cancelled', reason: 'cancelled', at, event: null, nudge: true })
  })
}

/** The contact's lock is held. `nudge` tells the workflow, where it was not the workflow that said so. */
export async function endRunIn(
  tx: Db,
  end: {
    run: string
    state: RunEnd['state']
    reason: string
    at: string
    event: string | null
    nudge: boolean
  },
): Promise<RunEnd> {
  const { run, state, reason, at, event } = end
  const changed = await ending.all(tx, { run, state, reason, at, event })
  if (changed.length === 0) return endOf(await lockRun(tx, run)) ?? { state, reason }
  if (end.nudge) {
    const nudge: OutboxSignal = { wait: null, event: end.event }
    await putInOutbox(tx, { stream: run, kind: 'signal', body: nudge })
  }
  return { state, reason }
}

type Ending = { run: string; state: RunEnd['state']; reason: string; at: string; event: string | null }

/** The run, its open waits, and what its path says of them; answers nothing where the run had ended before. */
const ending = new Statement<Ending, { id: string }>(
  sql`with ended as (
    update runs set state = ${given('state')}, ended_at = ${given('at')}::timestamptz, end_reason = ${given('reason')}
    where id = ${given('run')} and state in ('running', 'waiting', 'paused')
    returning id
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
  select id from ended`,
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

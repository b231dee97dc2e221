/**
 * Ends a run, once: running or waiting → completed, exited, cancelled or failed. Whoever comes second learns how it ended.
 *
 * Locks: the contact row, then the run row.
 */
import { and, eq, inArray } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { runs, waits } from '../../db/schema/journeys.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import type { House } from '../house.ts'
import { lockContact, lockRun } from '../locks.ts'
import type { OutboxSignal } from '../outbox.ts'
import { recordStep } from './path.ts'
import { definitionOf } from './readRun.ts'

export type RunEnd = { state: 'completed' | 'exited' | 'cancelled' | 'failed'; reason: string }

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
    const { contactId, definition } = await definitionOf(tx, end.run)
    await lockContact(tx, contactId)
    const ended = await endRunIn(tx, { ...end, at: end.now, event: null, nudge: false })
    if (ended.reason === 'exit-step' && end.step !== null && end.visit !== null) {
      const { run, step, visit, now: at } = end
      await recordStep(tx, { run, step, visit, at, outcome: 'exited', reason: exitReason(definition, step) })
    }
    return ended
  })
}

/** What the exit step says for people; the workflow knows no texts. */
function exitReason(definition: JourneyDefinition, id: string): string | null {
  const step = findStep(definition, id)
  return step?.type === 'exit' ? (step.reason ?? null) : null
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
  const changed = await tx
    .update(runs)
    .set({ state: end.state, endedAt: end.at, endReason: end.reason })
    .where(and(eq(runs.id, end.run), inArray(runs.state, ['running', 'waiting', 'paused'])))
    .returning({ id: runs.id })
  if (changed.length === 0) {
    const run = await lockRun(tx, end.run)
    return endOf(run) ?? { state: end.state, reason: end.reason }
  }
  const closed = await tx
    .update(waits)
    .set({ state: 'closed', settledAt: end.at })
    .where(and(eq(waits.runId, end.run), eq(waits.state, 'open')))
    .returning({ step: waits.step, visit: waits.visit })
  for (const wait of closed) {
    await recordStep(tx, {
      run: end.run,
      step: wait.step,
      visit: wait.visit,
      at: end.at,
      outcome: end.state,
      reason: end.reason,
      event: end.event,
    })
  }
  if (end.nudge) {
    const nudge: OutboxSignal = { wait: null, event: end.event }
    await tx.insert(outbox).values({ stream: end.run, kind: 'signal', body: nudge })
  }
  return { state: end.state, reason: end.reason }
}

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

/**
 * An operator has a run tried again that was parked, or that does not go on: its recoveries count from nothing, it is started again
 * where it has no workflow, and asked again where it has one.
 *
 * Lock: the run row.
 */
import { and, eq } from 'drizzle-orm'
import { runs } from '../../db/schema/journeys.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { endOf } from '../../domain/journey/runState.ts'
import { Refusal } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Deps } from '../deps.ts'
import { lockRun } from '../locks.ts'
import { type OutboxEntry, putAllInOutbox } from '../outbox.ts'
import { retryParkedOf } from '../parkedRows.ts'

/** @throws Refusal not-found; conflict where the run has ended */
export async function retryRun(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const run = await lockRun(tx, id)
    if (endOf(run) !== null) {
      throw new Refusal('conflict', `the run has already ended: ${run.state}`, { code: 'run-ended' })
    }
    await tx.update(runs).set({ parked: null, recoveries: 0, recoverAfter: null }).where(eq(runs.id, id))
    await retryParkedOf(tx, id)
    const { journey, version, clock } = run
    const waiting = await tx
      .select({ id: outbox.id })
      .from(outbox)
      .where(and(eq(outbox.stream, id), eq(outbox.kind, 'start')))
      .limit(1)
    const first = { do: 'again' } as const
    const start: OutboxEntry = {
      stream: id,
      kind: 'start',
      body: { workflow: 'journey', id, journey, version, clock, first, again: true },
    }
    const nudge: OutboxEntry = {
      stream: id,
      kind: 'signal',
      body: { workflow: journeyWorkflowId(journey, id), nudge: { why: 'recovered' } },
    }
    await putAllInOutbox(tx, waiting.length > 0 ? [nudge] : [start, nudge])
  })
}

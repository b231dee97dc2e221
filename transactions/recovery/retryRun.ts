/**
 * An operator retries a run that is parked, or that stands still: its recoveries count from zero, it is started again where it has no
 * workflow, and nudged where it has one. A run that could not be read first looks back at what it missed.
 *
 * Locks: the contact row, the run row.
 */
import { and, eq } from 'drizzle-orm'
import { runs } from '../../db/schema/journeys.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import { endOf } from '../../domain/journey/runState.ts'
import { Refusal } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Deps } from '../deps.ts'
import { lockRunWithContact } from '../locks.ts'
import { type OutboxEntry, putAllInOutbox } from '../outbox.ts'
import { committing } from '../outcomes.ts'
import { retryParkedOf } from '../parkedRows.ts'
import { lookBack } from '../runs/lookBack.ts'
import { recoveredInVain } from './recoverRun.ts'

/** @throws Refusal not-found; conflict where the run has ended, or still cannot be read: then it stays parked */
export async function retryRun(deps: Deps, id: string): Promise<void> {
  await committing(deps, async (inner) => {
    const tx = inner.db
    const { contact, run, clock: now } = await lockRunWithContact(tx, id)
    if (endOf(run) !== null) {
      throw new Refusal('run-ended', `The run has already ended: it is ${run.state}.`)
    }
    await tx.update(runs).set({ parked: null, recoveries: 0, recoverAfter: null }).where(eq(runs.id, id))
    if (run.parked !== null && run.parked !== recoveredInVain)
      await lookBack({ deps: inner, tx, contact, run, now }).catch(refuseUnreadable)
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

function refuseUnreadable(error: unknown): never {
  if (!(error instanceof MachineError)) throw error
  throw new Refusal(
    'run-unreadable',
    `This version of Assent still cannot read the run (${error.message}). Upgrade Assent, or cancel the run.`,
  )
}

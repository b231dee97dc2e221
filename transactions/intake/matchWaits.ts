/** Settles the open waits of a contact that an event matches: open → matched(event), once. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { journeyVersions, runs, waits } from '../../db/schema/journeys.ts'
import { outbox, type StoredEvent } from '../../db/schema/triggers.ts'
import { type Await, awaitsOf } from '../../domain/journey/awaits.ts'
import type { ContactRow } from '../locks.ts'
import type { OutboxSignal } from '../outbox.ts'
import { recordStep } from '../runs/path.ts'
import type { Bindings } from './bindings.ts'

/** @returns the runs whose wait it settled */
export async function matchWaits(
  tx: Db,
  event: StoredEvent,
  contact: ContactRow,
  bindings: Bindings,
): Promise<string[]> {
  const open = await tx
    .select({
      wait: waits,
      payload: runs.payload,
      definition: journeyVersions.definition,
    })
    .from(waits)
    .innerJoin(runs, eq(runs.id, waits.runId))
    .innerJoin(
      journeyVersions,
      and(eq(journeyVersions.key, runs.journey), eq(journeyVersions.version, runs.version)),
    )
    .where(and(eq(waits.contactId, contact.id), eq(waits.state, 'open'), eq(waits.kind, 'events')))
    .orderBy(waits.id)
  const settled: string[] = []
  for (const { wait, payload, definition } of open) {
    const awaits = awaitsOf(definition, wait.step)
    const branch = await firstMatch(tx, { runId: wait.runId, payload }, awaits, event, bindings)
    if (branch === null) continue
    if (await settleMatched(tx, wait, event, branch)) {
      const nudge: OutboxSignal = { wait: wait.id, event: event.id }
      await tx.insert(outbox).values({ stream: wait.runId, kind: 'signal', body: nudge })
      settled.push(wait.runId)
    }
  }
  return settled
}

/** The first awaited thing that this event is, or null. Whether it is recent enough, the caller knows. */
export async function firstMatch(
  tx: Db,
  run: { runId: string; payload: Record<string, unknown> },
  awaits: readonly Await[],
  event: StoredEvent,
  bindings: Bindings,
): Promise<number | null> {
  for (const awaited of awaits) {
    if (!isAbout(awaited, event)) continue
    if (awaited.humanOnly && event.class !== 'human') continue
    if (awaited.step !== null && !(await isDeliveryOf(tx, event, run.runId, awaited.step))) continue
    if (!(await bindings.holds(awaited.where, { trigger: run.payload, event: event.payload }))) continue
    return awaited.index
  }
  return null
}

/** Whoever clicked has opened, whether or not the pixel was loaded. */
function isAbout(awaited: Await, event: StoredEvent): boolean {
  if (awaited.step === null) return awaited.trigger === event.name
  if (awaited.trigger === 'message.opened')
    return event.name === 'message.opened' || event.name === 'message.clicked'
  if (awaited.trigger !== event.name) return false
  return awaited.link === null || awaited.link === event.payload.link || awaited.link === event.payload.url
}

async function isDeliveryOf(tx: Db, event: StoredEvent, runId: string, step: string): Promise<boolean> {
  if (event.deliveryId === null) return false
  const [row] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(eq(deliveries.id, event.deliveryId), eq(deliveries.runId, runId), eq(deliveries.step, step)))
  return row !== undefined
}

/** Compare-and-set under the contact's lock: answers whether the wait was still open. */
export async function settleMatched(
  tx: Db,
  wait: typeof waits.$inferSelect,
  event: StoredEvent,
  branch: number,
): Promise<boolean> {
  const changed = await tx
    .update(waits)
    .set({ state: 'matched', eventId: event.id, branch, settledAt: event.recordedAt })
    .where(and(eq(waits.id, wait.id), eq(waits.state, 'open')))
    .returning({ id: waits.id })
  if (changed.length === 0) return false
  if (event.seq === null) throw new Error('an event without a contact matched a wait')
  // Never backwards: a wait that looks back (to the entry, or to a message) must not give those after it what was taken already.
  const markSeq = sql`greatest(${runs.markSeq}, ${event.seq}::bigint)`
  await tx.update(runs).set({ state: 'running', markSeq }).where(eq(runs.id, wait.runId))
  await recordStep(tx, {
    run: wait.runId,
    step: wait.step,
    visit: wait.visit,
    at: event.recordedAt,
    outcome: 'matched',
    reason: event.name,
    event: event.id,
  })
  return true
}

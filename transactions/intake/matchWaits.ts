/** Settles the open waits of a contact that an event matches: open → matched(event), once. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import type { runs, waits } from '../../db/schema/journeys.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { given, Statement } from '../../db/statement.ts'
import { type Await, awaitsOf } from '../../domain/journey/awaits.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import { type OutboxSignal, putInOutbox } from '../outbox.ts'
import type { Bindings } from './bindings.ts'
import type { Happening } from './happening.ts'

type WaitRow = Pick<typeof waits.$inferSelect, 'id' | 'runId' | 'step' | 'visit'>
type OpenWait = { wait: WaitRow } & Pick<typeof runs.$inferSelect, 'journey' | 'version' | 'payload'>

/** What the contact's runs are waiting for. */
export const openWaits = new Statement<{ contact: string }, OpenWait>(
  sql`select json_build_object('id', w.id, 'runId', w.run_id, 'step', w.step, 'visit', w.visit) as wait,
      r.journey, r.version, r.payload
    from waits w join runs r on r.id = w.run_id
    where w.contact_id = ${given('contact')} and w.state = 'open' and w.kind = 'events'
    order by w.id`,
)

/** @returns the runs whose wait it settled */
export async function matchWaits(
  { house, tx, event, bindings }: Happening,
  open: readonly OpenWait[],
): Promise<string[]> {
  const settled: string[] = []
  for (const { wait, journey, version, payload } of open) {
    const { definition } = await house.versions.journey(tx, journey, version)
    const awaits = awaitsOf(definition, wait.step)
    const branch = await firstMatch(tx, { runId: wait.runId, payload }, awaits, event, bindings)
    if (branch === null || !(await settleMatched(tx, wait, event, branch))) continue
    const signal: OutboxSignal = {
      workflow: journeyWorkflowId(journey, wait.runId),
      nudge: { why: 'trigger', trigger: event.name, event: event.id },
    }
    await putInOutbox(tx, { stream: wait.runId, kind: 'signal', body: signal })
    settled.push(wait.runId)
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
  wait: WaitRow,
  event: StoredEvent,
  branch: number,
): Promise<boolean> {
  const { id, name, seq, recordedAt } = event
  if (seq === null) throw new Error('an event without a contact matched a wait')
  const settled = await match.all(tx, { wait: wait.id, event: id, name, seq, at: recordedAt, branch })
  return settled.length > 0
}

type Match = { wait: string; event: string; name: string; seq: number; at: string; branch: number }

/**
 * The wait, its run and the run's path; answers nothing where the wait was open no more. The run's mark never goes back: a wait
 * that looks back (to the entry, or to a message) must not give those after it what was taken already.
 */
const match = new Statement<Match, { run_id: string }>(
  sql`with settled as (
    update waits set state = 'matched', event_id = ${given('event')}, branch = ${given('branch')}, settled_at = ${given('at')}::timestamptz
    where id = ${given('wait')} and state = 'open'
    returning run_id, step, visit
  ), moved as (
    update runs set state = 'running', mark_seq = greatest(mark_seq, ${given('seq')}::bigint)
    from settled where runs.id = settled.run_id
  ), told as (
    insert into run_path (run_id, step, visit, at, outcome, reason, event)
    select run_id, step, visit, ${given('at')}::timestamptz, 'matched', ${given('name')}, ${given('event')}::uuid from settled
    on conflict (run_id, step, visit) do update
      set at = excluded.at, outcome = excluded.outcome, reason = excluded.reason, delivery = null, event = excluded.event
  )
  select run_id from settled`,
)

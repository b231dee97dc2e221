/**
 * The entries of the outbox, as zod shapes. Transactions write them and the dispatcher reads them. Starts and signals contain only ids and
 * keys, because they end up in Temporal, where no personal data may be stored.
 */
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { pipelined } from '../db/pipelined.ts'
import { build, given, PreparedQuery } from '../db/preparedQuery.ts'
import { outbox } from '../db/schema/triggers.ts'
import { nextShape } from '../domain/journey/next.ts'
import { nudgeReasons } from '../domain/journey/signals.ts'
import { lanes } from '../domain/lanes.ts'
import { currentTraceparent } from '../telemetry/spans.ts'
import type { LockedContactPoint } from './locks.ts'
import { bringForward } from './outboxLeases.ts'

/** The start of a workflow. `first`: what the run or request needs first (`domain/journey/next.ts`). */
export const outboxStartShape = z.discriminatedUnion('workflow', [
  z.object({
    workflow: z.literal('journey'),
    id: z.string(),
    journey: z.string(),
    version: z.number().int(),
    clock: z.enum(['real', 'skipping']),
    first: nextShape,
    /** Start it again if its workflow has closed, though the run or request has not ended. */
    again: z.literal(true).exactOptional(),
  }),
  z.object({
    workflow: z.literal('doubleOptIn'),
    id: z.string(),
    profile: z.string(),
    clock: z.enum(['real', 'skipping']),
    first: nextShape,
    /** Start it again if its workflow has closed, though the run or request has not ended. */
    again: z.literal(true).exactOptional(),
  }),
])
export type OutboxStart = z.infer<typeof outboxStartShape>

export const outboxSignalShape = z.object({
  workflow: z.string(),
  nudge: z.object({
    why: z.enum(nudgeReasons),
    trigger: z.string().exactOptional(),
    event: z.string().exactOptional(),
  }),
})
export type OutboxSignal = z.infer<typeof outboxSignalShape>

/** One of our own events, which the intake takes in its own transaction. The payload stays in our database. */
export const outboxTriggerShape = z.object({
  name: z.string(),
  senderEvent: z.string(),
  contactPoint: z.string().nullable(),
  contact: z.string().nullable(),
  delivery: z.string().nullable(),
  /** The double opt-in that caused it. */
  doubleOptIn: z.string().nullish(),
  payload: z.record(z.string(), z.unknown()),
  occurredAt: z.string(),
  /** Length of the chain of runs that led to it, each started by the one before. Default: 0. */
  depth: z.number().int().exactOptional(),
})
export type OutboxTrigger = z.infer<typeof outboxTriggerShape>

/** One entry to deliver after the commit. Entries of one stream are delivered in the order in which they were written. */
export type OutboxEntry = { stream: string } & (
  | { kind: 'start'; body: OutboxStart }
  | { kind: 'signal'; body: OutboxSignal }
  | { kind: 'trigger'; body: OutboxTrigger }
)

const withdrawing = new Set(['consent.withdrawn', 'message.bounced', 'message.complained'])

function laneOf(entry: OutboxEntry): number {
  switch (entry.kind) {
    case 'trigger':
      return withdrawing.has(entry.body.name) ? lanes.withdrawals : lanes.events
    case 'signal':
      return ['exit', 'cancelled', 'withdrawn'].includes(entry.body.nudge.why) ? lanes.stops : lanes.nudges
    case 'start':
      return lanes.starts
    default:
      return entry satisfies never
  }
}

/**
 * The stream of a contact point's events (`consent.*`, `double-opt-in.*`, `message.bounced`). They are written under the point's lock and
 * delivered in that order, so no journey gets an opt-in after the withdrawal that followed it.
 */
export function streamOfPoint({ id }: LockedContactPoint): string {
  return `point:${id}`
}

const insert = new PreparedQuery<OutboxEntry & { lane: number; traceparent: string | null }, never>(
  build.insert(outbox).values({
    stream: given('stream'),
    kind: given('kind'),
    body: given('body'),
    lane: given('lane'),
    traceparent: given('traceparent'),
  }),
)

const insertAll = new PreparedQuery<{ entries: string; traceparent: string | null }, never>(
  sql`insert into outbox (stream, kind, body, lane, traceparent)
    select entry->>'stream', entry->>'kind', entry->'body', (entry->>'lane')::smallint, ${given('traceparent')}::text
    from jsonb_array_elements(${given('entries')}::jsonb) with ordinality as given (entry, place) order by place`,
)

/** Writes all entries in one round trip, in order. */
export async function putAllInOutbox(tx: Db, entries: readonly OutboxEntry[]): Promise<void> {
  const laned = entries.map((entry) => ({ ...entry, lane: laneOf(entry) }))
  if (laned.length === 0) return
  const streams = laned.filter(({ lane }) => lane === lanes.withdrawals).map(({ stream }) => stream)
  await pipelined(tx, [
    insertAll.with({ entries: JSON.stringify(laned), traceparent: currentTraceparent() }),
    streams.length > 0 ? bringForward.with({ streams: [...new Set(streams)] }) : null,
  ])
}

export async function putInOutbox(tx: Db, entry: OutboxEntry): Promise<void> {
  const lane = laneOf(entry)
  if (lane === lanes.withdrawals) return putAllInOutbox(tx, [entry])
  await insert.all(tx, { ...entry, lane, traceparent: currentTraceparent() })
}

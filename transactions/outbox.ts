/**
 * What the outbox says, as zod shapes: written by transactions, read by the dispatcher. Ids and keys only: a start and a
 * signal end up in Temporal, where no personal data may be.
 */
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { outbox } from '../db/schema/triggers.ts'
import { build, given, Statement } from '../db/statement.ts'

export const outboxStartShape = z.discriminatedUnion('workflow', [
  z.object({
    workflow: z.literal('journey'),
    id: z.string(),
    journey: z.string(),
    version: z.number().int(),
    clock: z.enum(['real', 'skipping']),
  }),
  z.object({
    workflow: z.literal('doubleOptIn'),
    id: z.string(),
    profile: z.string(),
    clock: z.enum(['real', 'skipping']),
  }),
])
export type OutboxStart = z.infer<typeof outboxStartShape>

/** Only a nudge: which event made the row change. The row decides. */
export const outboxSignalShape = z.object({ wait: z.string().nullable(), event: z.string().nullable() })
export type OutboxSignal = z.infer<typeof outboxSignalShape>

/** An event of our own making that intake takes in a transaction of its own. The payload stays in our database. */
export const outboxTriggerShape = z.object({
  name: z.string(),
  senderEvent: z.string(),
  contactPoint: z.string().nullable(),
  contact: z.string().nullable(),
  delivery: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
  occurredAt: z.string(),
})
export type OutboxTrigger = z.infer<typeof outboxTriggerShape>

/** One thing to be told after the commit; of one stream, in the order of their writing. */
export type OutboxEntry = { stream: string } & (
  | { kind: 'start'; body: OutboxStart }
  | { kind: 'signal'; body: OutboxSignal }
  | { kind: 'trigger'; body: OutboxTrigger }
)

const insert = new Statement<OutboxEntry, never>(
  build.insert(outbox).values({ stream: given('stream'), kind: given('kind'), body: given('body') }),
)

export async function putInOutbox(tx: Db, entry: OutboxEntry): Promise<void> {
  await insert.all(tx, entry)
}

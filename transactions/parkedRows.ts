/** Parked rows of the outbox. An operator retries or drops them; until then the later rows of the stream wait. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { outbox } from '../db/schema/triggers.ts'
import { notFound, type Refusal } from '../domain/refusal.ts'
import type { Deps } from './deps.ts'

const parked = (id: number) => and(eq(outbox.id, id), eq(outbox.state, 'parked'))

const tried = {
  state: 'waiting' as const,
  attempts: 0,
  nextAttemptAt: sql`statement_timestamp()`,
  // Dispatchers do not read rows below their floor.
  writtenIn: sql`pg_current_xact_id()::text::bigint`,
}

/** Retries the parked rows of one stream. */
export async function retryParkedOf(tx: Db, stream: string): Promise<void> {
  await tx
    .update(outbox)
    .set(tried)
    .where(and(eq(outbox.stream, stream), eq(outbox.state, 'parked')))
}

/** @throws Refusal not-found */
export async function retryParked(deps: Deps, id: number): Promise<void> {
  const rows = await deps.db.transaction((tx) =>
    tx.update(outbox).set(tried).where(parked(id)).returning({ id: outbox.id }),
  )
  if (rows.length === 0) throw notParked(id)
}

/** @throws Refusal not-found */
export async function dropParked(deps: Deps, id: number): Promise<void> {
  const rows = await deps.db.transaction((tx) =>
    tx.delete(outbox).where(parked(id)).returning({ id: outbox.id }),
  )
  if (rows.length === 0) throw notParked(id)
}

function notParked(id: number): Refusal {
  return notFound('parked-row', String(id))
}

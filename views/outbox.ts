/** The outbox as an operator sees it: without the content of its rows. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { outbox } from '../db/schema/triggers.ts'
import { type Page, pageOf } from './page.ts'

export type OutboxView = {
  id: string
  stream: string
  kind: 'start' | 'signal' | 'trigger'
  state: 'waiting' | 'parked'
  attempts: number
  nextAttemptAt: string
  lastError: string | null
  createdAt: string
}

export async function listOutbox(
  db: Db,
  filter: { state: OutboxView['state']; limit: number; after: string | undefined },
): Promise<Page<OutboxView>> {
  const { state, limit, after } = filter
  const rows = await db
    .select({
      id: sql<string>`${outbox.id}::text`,
      stream: outbox.stream,
      kind: outbox.kind,
      state: outbox.state,
      attempts: outbox.attempts,
      nextAttemptAt: outbox.nextAttemptAt,
      lastError: outbox.lastError,
      createdAt: outbox.createdAt,
    })
    .from(outbox)
    .where(and(eq(outbox.state, state), after === undefined ? undefined : gt(outbox.id, Number(after))))
    .orderBy(asc(outbox.id))
    .limit(limit + 1)
  return pageOf(
    rows,
    limit,
    (row) => row,
    (row) => row.id,
  )
}

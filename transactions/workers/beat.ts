/** A worker says that it lives, and how it finds the mail server. Rows of workers that died are kept for a day (domain/retention.ts). */
import { eq, sql } from 'drizzle-orm'
import { type MailStanding, workers } from '../../db/schema/workers.ts'
import type { Deps } from '../deps.ts'

/** @param beat.mail null: not tried yet */
export async function beat(
  deps: Deps,
  { id, taskQueue, mail }: { id: string; taskQueue: string; mail: MailStanding | null },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx
      .insert(workers)
      .values({ id, taskQueue, mail })
      .onConflictDoUpdate({ target: workers.id, set: { mail, seenAt: sql`clock_timestamp()` } })
  })
}

/** It stops in order. */
export async function leave(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction((tx) => tx.delete(workers).where(eq(workers.id, id)))
}

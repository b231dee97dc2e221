/** A worker says that it lives, and how it finds the mail server. Rows of workers that died are cleared away by those that live. */
import { eq, lt, sql } from 'drizzle-orm'
import { type MailStanding, workers } from '../../db/schema/workers.ts'
import type { Deps } from '../deps.ts'

/** How long a dead worker's row is kept, for whoever asks what was there. */
const retention = sql`interval '1 day'`

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
    await tx.delete(workers).where(lt(workers.seenAt, sql`clock_timestamp() - ${retention}`))
  })
}

/** It stops in order. */
export async function leave(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction((tx) => tx.delete(workers).where(eq(workers.id, id)))
}

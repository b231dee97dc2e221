/** What recovery remembers: one row, held by one process at a time. A process that dies loses it after a minute. */
import { eq, sql } from 'drizzle-orm'
import { recovery } from '../../db/schema/recovery.ts'
import type { Deps } from '../deps.ts'

export type Watching = typeof recovery.$inferSelect

/** Takes or keeps the row for a minute. @returns null where another process has it */
export async function holdRecovery({ db }: Deps, holder: string): Promise<Watching | null> {
  return db.transaction(async (tx) => {
    const [row] = await tx
      .update(recovery)
      .set({ holder, heldUntil: sql`clock_timestamp() + interval '1 minute'` })
      .where(
        sql`${recovery.holder} is null or ${recovery.holder} = ${holder} or ${recovery.heldUntil} < clock_timestamp()`,
      )
      .returning()
    return row ?? null
  })
}

/** Writes a note while this process holds the row. Otherwise another process holds it, and its notes are newer. */
export async function noteRecovery(
  { db }: Deps,
  holder: string,
  change: Partial<Pick<Watching, 'closedUntil' | 'namespace' | 'generation' | 'sweep'>>,
): Promise<void> {
  await db.transaction((tx) => tx.update(recovery).set(change).where(eq(recovery.holder, holder)))
}

/** The process stops: another may go on at once. */
export async function leaveRecovery({ db }: Deps, holder: string): Promise<void> {
  await db.transaction((tx) =>
    tx.update(recovery).set({ holder: null, heldUntil: null }).where(eq(recovery.holder, holder)),
  )
}

/** A worker's heartbeat, with how it finds the channels' providers. Rows of workers that died are kept for a day (domain/retention.ts). */
import { eq, sql } from 'drizzle-orm'
import { workers } from '../../db/schema/workers.ts'
import type { ChannelStandings } from '../../domain/delivery/channelStanding.ts'
import type { Deps } from '../deps.ts'

export async function beat(
  deps: Deps,
  { id, taskQueue, channels }: { id: string; taskQueue: string; channels: ChannelStandings },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx
      .insert(workers)
      .values({ id, taskQueue, channels })
      .onConflictDoUpdate({ target: workers.id, set: { channels, seenAt: sql`clock_timestamp()` } })
  })
}

/** It stops regularly. */
export async function leave(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction((tx) => tx.delete(workers).where(eq(workers.id, id)))
}

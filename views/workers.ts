/** How many workers are alive, and whether any of them reaches the provider of each channel. */
import { gt, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { workers } from '../db/schema/workers.ts'
import type { ChannelStandings } from '../domain/delivery/channelStanding.ts'

export type WorkersView = {
  /** Workers with a heartbeat in the last 30 seconds; each sends one every 10. */
  alive: number
  /** For each channel the best that any of them found. A channel that none has tried yet is missing. */
  channels: ChannelStandings
}

export async function readWorkers(db: Db): Promise<WorkersView> {
  const rows = await db
    .select({ channels: workers.channels })
    .from(workers)
    .where(gt(workers.seenAt, sql`clock_timestamp() - interval '30 seconds'`))
  const found = rows.flatMap(({ channels }) => Object.entries(channels))
  const reached = found.filter(([, { ok }]) => ok)
  return { alive: rows.length, channels: Object.fromEntries([...found, ...reached]) }
}

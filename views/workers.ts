/** Which workers live, and whether any of them reaches the mail server. */
import { gt, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { type MailStanding, workers } from '../db/schema/workers.ts'

export type WorkersView = {
  /** Workers heard of in the last 30 seconds; each says so every 10. */
  alive: number
  /** The best that any of them found; null: none has tried yet. */
  mail: MailStanding | null
}

export async function readWorkers(db: Db): Promise<WorkersView> {
  const rows = await db
    .select({ mail: workers.mail })
    .from(workers)
    .where(gt(workers.seenAt, sql`clock_timestamp() - interval '30 seconds'`))
  const found = rows.flatMap(({ mail }) => (mail === null ? [] : [mail]))
  return { alive: rows.length, mail: found.find((mail) => mail.ok) ?? found[0] ?? null }
}

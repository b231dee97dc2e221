/**
 * A request whose end could not be recorded waits before the sweep tries it again: one minute, then twice as long each time, at most
 * a day. So requests that keep failing, however many, block none of the others.
 */
import { eq, sql } from 'drizzle-orm'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import type { Deps } from '../deps.ts'

export async function postponeSettling({ db }: Deps, id: string): Promise<void> {
  const { settleFailures } = doubleOptIns
  const pause = sql`least(interval '1 minute' * power(2, least(${settleFailures}, 20)), interval '1 day')`
  await db.transaction((tx) =>
    tx
      .update(doubleOptIns)
      .set({ settleFailures: sql`${settleFailures} + 1`, settleAfter: sql`clock_timestamp() + ${pause}` })
      .where(eq(doubleOptIns.id, id)),
  )
}

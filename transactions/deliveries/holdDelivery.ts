/**
 * Holds a delivery back before anything was handed over, and says why. Where rendering it was stopped, the attempt is counted with
 * the delivery, and the last one fails it: a rendering that costs too much is tried a few times in all, whichever worker tries.
 *
 * Locks: the delivery's row.
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { newId } from '../../db/ids.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import type { House } from '../house.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { type DeliveryRow, factsOf, originOf, recordDelivery } from './claimDelivery.ts'
import { claimKeyOf, type DeliveryRef, readSubject } from './subject.ts'

/** Renderings of one delivery that may be stopped; a machine may be busy once or twice. */
export const mostRenderAttempts = 3

/**
 * @param hold.reason a code, never data
 * @param hold.rendering whether a rendering of it was stopped
 * @param now the run's own clock, for its path
 * @returns the delivery as it stands then: `held`, `failed` after the last rendering, or settled or handed over by another attempt
 */
export async function holdDelivery(
  house: House,
  ref: DeliveryRef,
  hold: { reason: string; rendering: boolean },
  now: string,
): Promise<DeliveryRow> {
  const { sender, matter } = await readSubject(house, house.db, ref)
  return committing(house, async (inner) => {
    const tx = inner.db
    await tx
      .insert(deliveries)
      .values({
        id: newId(matter.input.now),
        ...originOf(sender),
        ...factsOf(sender, matter),
        state: 'held',
        createdAt: matter.input.now,
      })
      .onConflictDoNothing()
    const attempts = hold.rendering
      ? sql`${deliveries.renderAttempts} + 1`
      : sql`${deliveries.renderAttempts}`
    const last = sql`${hold.rendering}::boolean and ${attempts} >= ${mostRenderAttempts}`
    const [row] = await tx
      .update(deliveries)
      .set({
        state: sql`case when ${last} then 'failed' else 'held' end`,
        reason: hold.reason,
        renderAttempts: attempts,
        settledAt: sql`case when ${last} then clock_timestamp() end`,
      })
      .where(and(eq(deliveries.claimKey, claimKeyOf(ref)), inArray(deliveries.state, ['claimed', 'held'])))
      .returning()
    if (row !== undefined) {
      await recordDelivery(tx, row, now)
      tellDelivery(inner, row)
      return row
    }
    const [other] = await tx
      .select()
      .from(deliveries)
      .where(eq(deliveries.claimKey, claimKeyOf(ref)))
    if (other === undefined) throw new Error('a delivery vanished')
    return other
  })
}

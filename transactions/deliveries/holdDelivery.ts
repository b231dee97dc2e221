/**
 * Holds a delivery back before this attempt handed anything over, and records why. If rendering it was stopped, the attempt is counted
 * with the delivery, and the last one fails it: a rendering that costs too much is tried a few times in all, by whichever worker.
 *
 * Locks: the delivery's row.
 */
import { secondsHeld } from '../../domain/delivery/states.ts'
import type { Deps } from '../deps.ts'
import type { DeliveryRow } from '../locks.ts'
import { committing } from '../outcomes.ts'
import { changeDelivery, lockOrInsert } from './deliveryRow.ts'
import { assessDelivery, type DeliveryRef } from './origin.ts'
import { unknownIfHandedOver } from './standing.ts'

/** Renderings of one delivery that may be stopped; a machine may be busy once or twice. */
export const mostRenderAttempts = 3

/**
 * @param hold.reason a code, never data
 * @param hold.rendering whether a rendering of it was stopped
 * @param hold.idempotent whether its channel may repeat a hand-over that got no answer
 * @param now the clock of the run, RFC 3339
 * @returns the delivery as it is then: `held`, `failed` after the last rendering, or as another attempt settled it. If an attempt before
 * handed it over and died: `unknown`, or still `handed-over` where the hand-over may be repeated
 */
export async function holdDelivery(
  deps: Deps,
  ref: DeliveryRef,
  hold: { reason: string; rendering: boolean; idempotent?: boolean },
  now: string,
): Promise<DeliveryRow> {
  const assessment = await assessDelivery(deps, deps.db, ref)
  return committing(deps, async (inner) => {
    const row = await lockOrInsert(inner.db, assessment)
    const { reason, idempotent = false } = hold
    // Left without a time, it would be tried again at once, and again, for as long as the hold's cause lasts.
    if (row.state === 'handed-over' && idempotent && !hold.rendering) {
      return changeDelivery(inner, row, { reason, heldUntil: heldFrom(now, row.holds), holds: row.holds + 1 })
    }
    if (row.state === 'handed-over') return unknownIfHandedOver(inner, row, assessment.intended.input.now)
    if (row.state !== 'claimed' && row.state !== 'held') return row
    const renderAttempts = row.renderAttempts + (hold.rendering ? 1 : 0)
    if (hold.rendering && renderAttempts >= mostRenderAttempts) {
      const settledAt = assessment.intended.input.now
      return changeDelivery(inner, row, { state: 'failed', reason, renderAttempts, settledAt })
    }
    const heldUntil = heldFrom(now, row.holds)
    return changeDelivery(inner, row, {
      state: 'held',
      reason,
      renderAttempts,
      heldUntil,
      holds: row.holds + 1,
    })
  })
}

/** When a delivery is tried again. @param holds how often it was held before */
export function heldFrom(now: string, holds: number): string {
  return new Date(Date.parse(now) + secondsHeld(holds) * 1_000).toISOString()
}

/**
 * Ends a delivery that is not tried any more: its time is over, or its message cannot be made. What may have been handed over is
 * `unknown`; of the rest `expired` is what was worth sending until now only, and `failed` everything else.
 *
 * Locks: the delivery's row.
 */
import { lapsedState } from '../../domain/delivery/limits.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import type { Deps } from '../deps.ts'
import type { DeliveryRow } from '../locks.ts'
import { committing } from '../outcomes.ts'
import { changeDelivery, lockOrInsert } from './deliveryRow.ts'
import { assessDelivery, type DeliveryRef } from './origin.ts'
import { unknownIfHandedOver } from './standing.ts'

/** @param reason a code, never data */
export async function giveUpDelivery(deps: Deps, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  return committing(deps, (inner) => giveUpIn(inner, ref, reason))
}

/** As `giveUpDelivery`, inside the caller's transaction. */
export async function giveUpIn(inner: Deps, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  const assessment = await assessDelivery(inner, inner.db, ref)
  const row = await lockOrInsert(inner.db, assessment)
  const settledAt = assessment.intended.input.now
  if (row.state === 'handed-over') return unknownIfHandedOver(inner, row, settledAt)
  if (sendResultOf(row.state) !== null) return row
  return changeDelivery(inner, row, { state: lapsedState(reason), reason, settledAt })
}

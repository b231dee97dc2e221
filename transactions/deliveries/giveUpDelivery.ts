/**
 * Ends a delivery that is not tried any more: its time is over, or its message cannot be made. What may have been handed over is
 * `unknown`; of the rest `expired` is what was worth sending until now only, and `failed` everything else.
 *
 * Locks: the delivery's row.
 */
import type { Db } from '../../db/connect.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import type { House } from '../house.ts'
import { changeDelivery, type DeliveryRow, lockOrInsert } from './deliveryRow.ts'
import { assessDelivery, type DeliveryRef } from './origin.ts'
import { unknownIfHandedOver } from './standing.ts'

/** @param reason a code, never data */
export async function giveUpDelivery(house: House, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  return house.db.transaction((tx) => giveUpIn(tx, house, ref, reason))
}

export async function giveUpIn(tx: Db, house: House, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  const assessment = await assessDelivery(house, tx, ref)
  const row = await lockOrInsert(tx, assessment)
  const settledAt = assessment.matter.input.now
  if (row.state === 'handed-over') return unknownIfHandedOver(tx, row, settledAt)
  if (sendResultOf(row.state) !== null) return row
  return changeDelivery(tx, row, { state: reason === 'expired' ? 'expired' : 'failed', reason, settledAt })
}

/**
 * Ends a delivery that is not tried any more: its time is over, or its message cannot be made. What may have been handed over becomes
 * `unknown`; of the rest, what was worth sending only until now becomes `expired`, and everything else `failed`.
 *
 * A row that exists is ended whatever has become of its message. Only where there is no row yet is the message read, since the row
 * names it.
 *
 * Locks: the delivery's row.
 */
import { clockQuery } from '../../db/clock.ts'
import { pipelined } from '../../db/pipelined.ts'
import { lapsedState } from '../../domain/delivery/limits.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import type { Deps } from '../deps.ts'
import { type DeliveryRow, deliveryLock } from '../locks.ts'
import { committing } from '../outcomes.ts'
import { changeDelivery, lockOrInsert } from './deliveryRow.ts'
import { assessDelivery, type DeliveryRef } from './origin.ts'
import { unknownIfHandedOver } from './standing.ts'

/** @param reason a code, never data */
export async function giveUpDelivery(deps: Deps, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  return committing(deps, (inner) => giveUpIn(inner, ref, reason))
}

/** As `giveUpDelivery`, inside the caller's transaction. @throws where there is no row, and what it would be for cannot be read */
export async function giveUpIn(inner: Deps, ref: DeliveryRef, reason: string): Promise<DeliveryRow> {
  const [existing, settledAt] = await pipelined(inner.db, [deliveryLock(ref.delivery), clockQuery])
  const row = existing ?? (await lockOrInsert(inner.db, await assessDelivery(inner, inner.db, ref)))
  if (row.state === 'handed-over') return unknownIfHandedOver(inner, row, settledAt)
  if (sendResultOf(row.state) !== null) return row
  return changeDelivery(inner, row, { state: lapsedState(reason), reason, settledAt })
}

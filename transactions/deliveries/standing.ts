/** The state of a delivery under the locks of its claim. */
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import type { Deps } from '../deps.ts'
import {
  contactPointLock,
  type DeliveryRow,
  deliveryLock,
  type LockedContactPoint,
  type LockedDelivery,
  runLock,
} from '../locks.ts'
import { changeDelivery } from './deliveryRow.ts'
import { type Assessment, assessment, requestOrigin, standingOf } from './origin.ts'

/** `contactPoint` is the one that is locked: the one the forecast was about. */
export type Standing = {
  existing: LockedDelivery | null
  assessment: Assessment
  contactPoint: LockedContactPoint | null
  /** Why the run is parked; null if it is not, and for a double opt-in. */
  parked: string | null
}

/** Takes the locks in order (run, contact point, delivery), then reads everything again, in one round trip. */
export async function standUnderLock(tx: Db, deps: Deps, forecast: Assessment): Promise<Standing> {
  const { origin, intended } = forecast
  const { ref } = origin
  const [run, contactPoint, existing, assessed, request] = await pipelined(tx, [
    ref.kind === 'run' ? runLock(ref.run) : null,
    intended.contactPoint === null ? null : contactPointLock(intended.contactPoint),
    deliveryLock(ref.delivery),
    assessment(deps, origin),
    ref.kind === 'run' ? null : requestOrigin(ref),
  ])
  const { ended, until } = run === null ? (request ?? origin) : standingOf(run, ref)
  const parked = run?.parked ?? null
  return { existing, contactPoint, parked, assessment: { ...assessed, origin: { ...origin, ended, until } } }
}

/** Whether the contact point that is locked is the one that the message would go to now. */
export function isOfLockedPoint({ assessment, contactPoint }: Standing): boolean {
  return assessment.intended.contactPoint === (contactPoint?.id ?? null)
}

/** Settles a hand-over whose attempt died without an answer as `unknown`. Leaves any other row unchanged. */
export async function unknownIfHandedOver(
  inner: Deps,
  row: LockedDelivery,
  now: string,
): Promise<DeliveryRow> {
  if (row.state !== 'handed-over') return row
  return changeDelivery(inner, row, { state: 'unknown', reason: 'no-answer', settledAt: now })
}

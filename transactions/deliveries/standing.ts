/** How a delivery stands once the locks of its claim are held. */
import type { Db } from '../../db/connect.ts'
import type { Deps } from '../deps.ts'
import { type ContactPointRow, lockContactPoint, lockRun } from '../locks.ts'
import { changeDelivery, type DeliveryRow, lockDelivery } from './deliveryRow.ts'
import { type Assessment, assess, readOrigin, standingOf } from './origin.ts'

/** `contactPoint` is the one that is locked: the one the forecast was about. */
export type Standing = {
  existing: DeliveryRow | null
  assessment: Assessment
  contactPoint: ContactPointRow | null
}

/** Takes the locks in their order (run, contact point, delivery), then reads everything anew, in one round trip. */
export async function standUnderLock(tx: Db, deps: Deps, forecast: Assessment): Promise<Standing> {
  const { origin, intended } = forecast
  const { ref } = origin
  const [run, contactPoint, existing, assessment, request] = await Promise.all([
    ref.kind === 'run' ? lockRun(tx, ref.run) : null,
    intended.contactPoint === null ? null : lockContactPoint(tx, intended.contactPoint),
    lockDelivery(tx, ref.delivery),
    assess(deps, tx, origin),
    // A request is settled under its contact point's lock.
    ref.kind === 'run' ? null : readOrigin(deps, tx, ref),
  ])
  const { ended, until } = run === null ? (request ?? origin) : standingOf(run, ref)
  return { existing, contactPoint, assessment: { ...assessment, origin: { ...origin, ended, until } } }
}

/** Whether the contact point that is locked is the one that the message would go to now. */
export function isOfLockedPoint({ assessment, contactPoint }: Standing): boolean {
  return assessment.intended.contactPoint === (contactPoint?.id ?? null)
}

/** A hand-over whose attempt died without an answer can only be called unknown. Any other row is left as it is. */
export async function unknownIfHandedOver(inner: Deps, row: DeliveryRow, now: string): Promise<DeliveryRow> {
  if (row.state !== 'handed-over') return row
  return changeDelivery(inner, row, { state: 'unknown', reason: 'no-answer', settledAt: now })
}

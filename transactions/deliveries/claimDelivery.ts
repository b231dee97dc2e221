/**
 * The claim: the decision and the delivery's row, committed under the contact point's lock. Four parts, in one transaction:
 *
 * 1. forecast (`prospect.ts`): the rendering, and what it was made from. What the workflow was answered earlier does not count here;
 * 2. claim (`judge`): everything is read anew and decided again, by the same pure function as in the consent activity;
 * 3. row (`deliveryRow.ts`): the decision with its input, taken for this attempt;
 * 4. evidence: the scope of the mail's links (`mailScope.ts`), the text of a confirmation (`confirmationEvidence.ts`).
 *
 * One row per delivery id. An attempt that died after its claim left a row behind. `claimed`: no byte had flowed (a hand-over is marked
 * before the first), so it is claimed anew. `handed-over`: the provider may have it, so it ends as `unknown` and is not repeated. Only
 * an idempotent channel repeats it, to the same address; the row stays `handed-over`, since the provider may have it all the while.
 *
 * Locks: the run row, the contact point, the delivery.
 */
import { eq, sql } from 'drizzle-orm'
import { pipelined } from '../../db/pipelined.ts'
import { build, given, PreparedQuery } from '../../db/preparedQuery.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { runs } from '../../db/schema/journeys.ts'
import { lapsedState } from '../../domain/delivery/limits.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import { countClaim, countDecision } from '../../telemetry/sends.ts'
import type { Deps } from '../deps.ts'
import type { DeliveryRow, LockedContactPoint, LockedDelivery } from '../locks.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { keepConfirmation } from './confirmationEvidence.ts'
import { tooManyConfirmations } from './confirmationLimit.ts'
import { decidedRow } from './deliveryRow.ts'
import { keepMailScope } from './mailScope.ts'
import { type Prospect, type Rendering, stillHolds } from './prospect.ts'
import { isOfLockedPoint, type Standing, standUnderLock, unknownIfHandedOver } from './standing.ts'

export type { DeliveryRow } from '../locks.ts'
export type { Prospect, Rendering } from './prospect.ts'

export type Claim =
  /** `holds`: how often the delivery was held before. `repeated`: an attempt before began a hand-over whose outcome is not known. */
  | { kind: 'claimed'; delivery: string; attempt: number; holds: number; repeated: boolean }
  /** What the rendering was made from has changed: render again. */
  | { kind: 'stale' }
  | { kind: 'settled'; delivery: DeliveryRow }

/** @param now the clock of the run, RFC 3339 */
export async function claimDelivery(deps: Deps, prospect: Prospect, now: string): Promise<Claim> {
  const claim = await claimIn(deps, prospect, now)
  countClaim(prospect.assessment.intended.channel, claim.kind)
  return claim
}

function claimIn(deps: Deps, prospect: Prospect, now: string): Promise<Claim> {
  return committing(deps, async (inner) => {
    const standing = await standUnderLock(inner.db, deps, prospect.assessment)
    const judgement = await judge(inner, standing, prospect, now)
    switch (judgement.kind) {
      case 'keep':
        return { kind: 'settled', delivery: await unknownIfHandedOver(inner, judgement.row, judgement.now) }
      case 'settle':
        return settle(inner, standing, judgement.state, judgement.reason)
      case 'stale':
        return { kind: 'stale' }
      case 'take':
        return take(inner, standing, judgement)
      default:
        return judgement satisfies never
    }
  })
}

type Judgement =
  /** Another attempt has settled it, or handed it over. */
  | { kind: 'keep'; row: LockedDelivery; now: string }
  | { kind: 'settle'; state: 'blocked' | 'cancelled' | 'expired' | 'failed'; reason: string }
  | { kind: 'stale' }
  | { kind: 'take'; rendering: Rendering; contactPoint: LockedContactPoint }

/** First match wins. */
async function judge(inner: Deps, standing: Standing, prospect: Prospect, now: string): Promise<Judgement> {
  const { existing, contactPoint, assessment } = standing
  const { origin, intended, decision } = assessment
  if (existing !== null && !isOpenFor(standing, existing, prospect)) {
    return { kind: 'keep', row: existing, now: intended.input.now }
  }
  // It may have missed an exit: nothing leaves before its retry has looked back. The workflow asks what is next, and waits.
  if (standing.parked !== null) throw new MachineError('parked', origin.journey?.step ?? null)
  countDecision('claim', decision)
  if (origin.ended !== null) return { kind: 'settle', state: 'cancelled', reason: origin.ended.reason }
  const clock = origin.clock === 'real' ? intended.input.now : now
  if (origin.until !== null && clock >= origin.until) {
    return { kind: 'settle', state: lapsedState(origin.lapse), reason: origin.lapse }
  }
  if (!isOfLockedPoint(standing)) return { kind: 'stale' }
  if (decision.verdict === 'block') return { kind: 'settle', state: 'blocked', reason: decision.reason }
  // Without a contact point everything blocks; this is for the compiler.
  if (contactPoint === null) return { kind: 'stale' }
  const isConfirmation = origin.ref.kind === 'double-opt-in'
  if (isConfirmation && (await tooManyConfirmations(inner.db, contactPoint, existing?.id ?? null))) {
    return { kind: 'settle', state: 'blocked', reason: 'confirmations-limited' }
  }
  if (!stillHolds(prospect, assessment)) return { kind: 'stale' }
  return { kind: 'take', rendering: prospect, contactPoint }
}

/**
 * Whether this attempt may take the row. A hand-over that an attempt before began may only be made again where the provider recognises it
 * by its id, and to the same address.
 */
function isOpenFor({ contactPoint }: Standing, existing: LockedDelivery, prospect: Prospect): boolean {
  if (existing.state === 'handed-over') {
    return prospect.ready && prospect.idempotent && existing.contactPointId === contactPoint?.id
  }
  return existing.state === 'claimed' || existing.state === 'held'
}

/** Writes row and evidence, in one round trip; the evidence of a confirmation takes more. */
async function take(
  inner: Deps,
  { existing, assessment }: Standing,
  { rendering, contactPoint }: Extract<Judgement, { kind: 'take' }>,
): Promise<Claim> {
  const tx = inner.db
  const { ref } = assessment.origin
  const repeated = existing?.state === 'handed-over'
  const { delivery, put } = decidedRow(inner, existing, assessment, {
    state: repeated ? 'handed-over' : 'claimed',
    reason: null,
    attempt: (existing?.attempt ?? 0) + 1,
    tracksOpens: rendering.tracksOpens,
    tracksClicks: rendering.tracksClicks,
    providerId: rendering.providerId,
    providerAnswer: null,
    claimedAt: assessment.intended.input.now,
  })
  await pipelined(tx, [
    ...put,
    ...keepMailScope(delivery, contactPoint.id, rendering),
    // From here on an event counts for the wait that follows this message.
    ref.kind === 'run' ? mark.with({ run: ref.run }) : null,
  ])
  if (rendering.confirmation !== null) {
    await keepConfirmation(tx, inner, contactPoint, rendering.confirmation, delivery)
  }
  const { id, attempt, holds } = delivery
  return { kind: 'claimed', delivery: id, attempt, holds, repeated }
}

const mark = new PreparedQuery<{ run: string }, never>(
  build
    .update(runs)
    .set({
      markSeq: sql`(select ${contacts.eventSeq} from ${contacts} where ${contacts.id} = ${runs.contactId})`,
    })
    .where(eq(runs.id, given('run'))),
)

async function settle(
  inner: Deps,
  { existing, assessment }: Standing,
  state: 'blocked' | 'cancelled' | 'expired' | 'failed',
  reason: string,
): Promise<Claim> {
  const settledAt = assessment.intended.input.now
  if (existing?.state === 'handed-over') {
    return { kind: 'settled', delivery: await unknownIfHandedOver(inner, existing, settledAt) }
  }
  const { delivery, put } = decidedRow(inner, existing, assessment, { state, reason, settledAt })
  await pipelined(inner.db, put)
  tellDelivery(inner, delivery)
  return { kind: 'settled', delivery }
}

/**
 * The claim: under the contact point's lock it decides again, by the same pure function as the consent activity, and takes the
 * delivery for this attempt. What the workflow was told earlier does not count here.
 *
 * One row per delivery id. An attempt that died after its claim left a row behind: `claimed` means that no byte had flowed (a
 * hand-over is marked before the first), so it is claimed anew; `handed-over` means that the provider may have it, so it ends as
 * `unknown` and is never repeated.
 *
 * Locks: the run row, the contact point, the delivery.
 */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { build, given, insertOf, PreparedQuery } from '../../db/preparedQuery.ts'
import type { Intended } from '../../db/reads/intended.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { formerHandles, links } from '../../db/schema/deliveries.ts'
import { runs } from '../../db/schema/journeys.ts'
import { lapsedState } from '../../domain/delivery/limits.ts'
import { countClaim, countDecision } from '../../telemetry/sends.ts'
import type { Deps } from '../deps.ts'
import type { DeliveryRow } from '../locks.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { type Confirmation, keepConfirmation } from './confirmationEvidence.ts'
import { tooManyConfirmations } from './confirmationLimit.ts'
import { decidedRow } from './deliveryRow.ts'
import type { Assessment } from './origin.ts'
import { isOfLockedPoint, type Standing, standUnderLock, unknownIfHandedOver } from './standing.ts'

export type { DeliveryRow } from '../locks.ts'

/** A rendering that is ready to leave, and what it was made from. */
export type Rendering = {
  ready: true
  assessment: Assessment
  /** Hex SHA-256 of the handle in its links. */
  handleHash: string
  links: { tokenHash: string; position: number; link: string; url: string }[]
  /** Whether it carries a pixel, and redirects. */
  tracksOpens: boolean
  tracksClicks: boolean
  providerId: string
  /** Of a double opt-in only. */
  confirmation: Confirmation | null
}

/** What a claim is asked for: a rendering, or, where the forecast was no, only the assessment, to record the no. */
export type Prospect = Rendering | { ready: false; assessment: Assessment }

export type Claim =
  /** `holds`: how often the delivery was held before. */
  | { kind: 'claimed'; delivery: string; attempt: number; holds: number }
  /** What the rendering was made from is no longer so: render again. */
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
    const tx = inner.db
    const standing = await standUnderLock(tx, deps, prospect.assessment)
    const { existing, contactPoint, assessment } = standing
    const { origin, intended, decision } = assessment
    if (existing !== null && existing.state !== 'claimed' && existing.state !== 'held') {
      return { kind: 'settled', delivery: await unknownIfHandedOver(inner, existing, intended.input.now) }
    }
    countDecision('claim', decision)
    if (origin.ended !== null) return settle(inner, standing, 'cancelled', origin.ended.reason)
    const clock = origin.clock === 'real' ? intended.input.now : now
    if (origin.until !== null && clock >= origin.until) {
      return settle(inner, standing, lapsedState(origin.lapse), origin.lapse)
    }
    if (!isOfLockedPoint(standing)) return { kind: 'stale' }
    if (decision.verdict === 'block') return settle(inner, standing, 'blocked', decision.reason)
    // Without a contact point everything blocks; this is for the compiler.
    if (contactPoint === null) return { kind: 'stale' }
    const isConfirmation = origin.ref.kind === 'double-opt-in'
    if (isConfirmation && (await tooManyConfirmations(tx, contactPoint, existing?.id ?? null))) {
      return settle(inner, standing, 'blocked', 'confirmations-limited')
    }
    if (!prospect.ready || !sameBasis(prospect.assessment, assessment)) return { kind: 'stale' }
    const delivery = await take(tx, standing, prospect)
    if (prospect.confirmation !== null) {
      await keepConfirmation(tx, deps, contactPoint, prospect.confirmation, delivery)
    }
    return { kind: 'claimed', delivery: delivery.id, attempt: delivery.attempt, holds: delivery.holds }
  })
}

/** A rendering holds only for the very message, profile, address and tracking rights it was made with. */
function sameBasis(made: Assessment, now: Assessment): boolean {
  return (
    sameIntended(made.intended, now.intended) &&
    made.decision.tracking.allowed === now.decision.tracking.allowed
  )
}

/** The same message to the same address, in the same versions. */
function sameIntended(made: Intended, now: Intended): boolean {
  return (
    made.message.key === now.message.key &&
    made.message.version === now.message.version &&
    made.profile.key === now.profile.key &&
    made.profile.version === now.profile.version &&
    made.contactPoint === now.contactPoint
  )
}

async function take(tx: Db, { existing, assessment }: Standing, rendering: Rendering): Promise<DeliveryRow> {
  const handleHash = Buffer.from(rendering.handleHash, 'hex')
  const { delivery, put } = decidedRow(existing, assessment, {
    state: 'claimed',
    reason: null,
    attempt: (existing?.attempt ?? 0) + 1,
    handleHash,
    tracksOpens: rendering.tracksOpens,
    tracksClicks: rendering.tracksClicks,
    providerId: rendering.providerId,
    providerAnswer: null,
    claimedAt: assessment.intended.input.now,
  })
  if (existing !== null) await keepFormer(tx, existing)
  const { ref } = assessment.origin
  await pipelined(tx, [
    put,
    ...rendering.links.map(({ tokenHash, ...link }) =>
      linkInsert.with({
        ...link,
        deliveryId: delivery.id,
        tokenHash: Buffer.from(tokenHash, 'hex'),
        handleHash,
      }),
    ),
    // From here on an event counts for the wait that follows this message.
    ref.kind === 'run' ? mark.with({ run: ref.run }) : null,
  ])
  return delivery
}

/**
 * What the attempts before leave. Where the body of one had begun to flow, the mail may be with the person whatever the server
 * said, and the links go on working; where none had, nobody has them.
 */
async function keepFormer(tx: Db, before: DeliveryRow): Promise<void> {
  const { id, handleHash, handedOverAt, contactPointId, message, messageVersion } = before
  const { purpose, topic, tracksOpens, tracksClicks } = before
  if (handedOverAt === null || handleHash === null || contactPointId === null) {
    await tx.delete(links).where(eq(links.deliveryId, id))
    return
  }
  const mail = { contactPointId, message, messageVersion, purpose, topic, tracksOpens, tracksClicks }
  const former = { hash: handleHash, deliveryId: id, ...mail }
  await tx.insert(formerHandles).values(former).onConflictDoNothing()
}

const linkInsert = insertOf(links)

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
  const { delivery, put } = decidedRow(existing, assessment, { state, reason, settledAt })
  await put.run(inner.db)
  tellDelivery(inner, delivery)
  return { kind: 'settled', delivery }
}

/**
 * The claim: under the contact point's lock it decides again, by the same pure function as before, and takes the delivery for
 * this attempt. Whatever the workflow was told earlier counts for nothing here.
 *
 * One row per claim key. An attempt that died after its claim left a row behind: `claimed` says that not a byte had flowed (a
 * hand-over is marked before the first), so it is claimed anew; `handed-over` says that the provider may have it, so it ends
 * as `unknown` and is never repeated.
 *
 * Locks: the run row, then the contact point.
 */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { deliveries, deliveryContents, links } from '../../db/schema/deliveries.ts'
import { doubleOptInTokens } from '../../db/schema/doubleOptIns.ts'
import { runs } from '../../db/schema/journeys.ts'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import { seal } from '../../domain/ledger/seal.ts'
import type { House } from '../house.ts'
import { evidenceKey } from '../ledger/appendEvents.ts'
import { type ContactPointRow, lockContactPoint, lockRun } from '../locks.ts'
import { endOf, type RunEnd } from '../runs/endRun.ts'
import { recordStep } from '../runs/path.ts'
import { tooManyConfirmations } from './confirmationLimit.ts'
import { decideOn, readSubject, refreshSubject, type Subject } from './subject.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

/** A rendering that is ready to leave, and what it was made from. */
export type Rendering = {
  ready: true
  subject: Subject
  decision: Decision
  /** Hex SHA-256 of the handle in its links. */
  handleHash: string
  links: { tokenHash: string; position: number; link: string; url: string }[]
  /** Whether it carries a pixel, and redirects. */
  tracksOpens: boolean
  tracksClicks: boolean
  providerId: string
  /** A double opt-in's confirmation: hash of the token it mails, and the text as sent, the token left out. */
  confirmation: { tokenHash: string; text: { subject: string; html: string | null; text: string } } | null
}

/** What a claim is asked for: a rendering, or, where the forecast was no, only the subject, to record the no. */
export type Prospect = Rendering | { ready: false; subject: Subject }

export type Claim =
  | { kind: 'claimed'; delivery: string; attempt: number }
  /** What the rendering was made from is no longer so: render again. */
  | { kind: 'stale' }
  | { kind: 'settled'; delivery: DeliveryRow }

/**
 * @param options.now the run's own clock, for its path
 * @param options.expired the step's time to send has passed
 */
export async function claimDelivery(
  house: House,
  prospect: Prospect,
  options: { now: string; expired: boolean },
): Promise<Claim> {
  return house.db.transaction(async (tx) => {
    const { ref, contactPoint, claimKey } = prospect.subject
    const ended = await lockSender(tx, prospect.subject)
    const locked = contactPoint === null ? null : await lockContactPoint(tx, contactPoint.id)
    // The locks are held. What is asked together is answered in this order, in one round trip.
    const [existing, subject, first] = await Promise.all([
      lockDelivery(tx, claimKey),
      refreshSubject(tx, prospect.subject, ended),
      decideOn(tx, prospect.subject, house.channels),
    ])
    if (existing !== null && existing.state !== 'claimed' && existing.state !== 'held') {
      return { kind: 'settled', delivery: await settledAlready(tx, existing, options.now) }
    }
    const same = sameMatter(prospect.subject, subject)
    const { input, decision } = same ? first : await decideOn(tx, subject, house.channels)
    const row = { existing, subject, input, decision, now: options.now }
    if (subject.ended !== null) return settle(tx, row, 'cancelled', subject.ended.reason)
    if (options.expired) return settle(tx, row, 'expired', 'expired')
    if (decision.verdict === 'block') return settle(tx, row, 'blocked', decision.reason)
    // Without a contact point the decision would be no: one has come since, and is not locked.
    if (locked === null) return { kind: 'stale' }
    if (ref.kind === 'double-opt-in' && (await tooManyConfirmations(tx, locked.id, existing?.id ?? null))) {
      return settle(tx, row, 'blocked', 'confirmations-limited')
    }
    if (!prospect.ready || !sameBasis(prospect, subject, decision)) return { kind: 'stale' }
    return take(tx, house, locked, prospect, row)
  })
}

/**
 * The consent activity's half: where the decision is to block, records the block under the lock at once. An allow is only a
 * forecast: the claim decides again.
 */
export async function decideDelivery(
  house: House,
  ref: Subject['ref'],
  now: string,
): Promise<{ input: DecisionInput; decision: Decision; ended: Subject['ended'] }> {
  const reads = house.reads ?? house.db
  const forecast = await readSubject(reads, ref)
  const first = await decideOn(reads, forecast, house.channels)
  if (forecast.ended !== null || first.decision.verdict === 'allow')
    return { ...first, ended: forecast.ended }
  return house.db.transaction(async (tx) => {
    await lockSender(tx, forecast)
    if (forecast.contactPoint !== null) await lockContactPoint(tx, forecast.contactPoint.id)
    const existing = await lockDelivery(tx, forecast.claimKey)
    if (existing?.decision != null && existing.decisionInput != null) {
      return { input: existing.decisionInput, decision: existing.decision, ended: null }
    }
    const subject = await readSubject(tx, ref)
    const { input, decision } = await decideOn(tx, subject, house.channels)
    if (subject.ended === null && decision.verdict === 'block') {
      await settle(tx, { existing, subject, input, decision, now }, 'blocked', decision.reason)
    }
    return { input, decision, ended: subject.ended }
  })
}

/** The run's or the request's row: whoever ends it waits for us, or we see that it ended. */
async function lockSender(tx: Db, subject: Subject): Promise<RunEnd | null> {
  return subject.ref.kind === 'run' ? endOf(await lockRun(tx, subject.ref.run)) : null
}

async function lockDelivery(tx: Db, claimKey: string): Promise<DeliveryRow | null> {
  const [row] = await tx
    .select()
    .from(deliveries)
    .where(eq(deliveries.claimKey, claimKey))
    .for('no key update')
  return row ?? null
}

/** A hand-over whose attempt died without an answer can only be called unknown. */
async function settledAlready(tx: Db, existing: DeliveryRow, now: string): Promise<DeliveryRow> {
  if (existing.state !== 'handed-over') return existing
  const [row] = await tx
    .update(deliveries)
    .set({ state: 'unknown', reason: 'no-answer', settledAt: sql`clock_timestamp()` })
    .where(eq(deliveries.id, existing.id))
    .returning()
  if (row === undefined) throw new Error('a delivery vanished under its lock')
  await recordDelivery(tx, row, now)
  return row
}

/** A rendering holds only for the very message, profile, address and tracking rights it was made with. */
function sameBasis(rendering: Rendering, subject: Subject, decision: Decision): boolean {
  return (
    sameMatter(rendering.subject, subject) &&
    rendering.decision.tracking.allowed === decision.tracking.allowed
  )
}

/** The same message to the same address, in the same versions. */
function sameMatter(before: Subject, now: Subject): boolean {
  return (
    before.message.key === now.message.key &&
    before.message.version === now.message.version &&
    before.profile.key === now.profile.key &&
    before.profile.version === now.profile.version &&
    before.contactPoint?.id === now.contactPoint?.id
  )
}

type Row = {
  existing: DeliveryRow | null
  subject: Subject
  input: DecisionInput
  decision: Decision
  now: string
}

async function take(
  tx: Db,
  house: House,
  contactPoint: ContactPointRow,
  rendering: Rendering,
  row: Row,
): Promise<Claim> {
  const attempt = (row.existing?.attempt ?? 0) + 1
  const delivery = await write(tx, row, {
    state: 'claimed',
    reason: null,
    attempt,
    handleHash: Buffer.from(rendering.handleHash, 'hex'),
    tracksOpens: rendering.tracksOpens,
    tracksClicks: rendering.tracksClicks,
    providerId: rendering.providerId,
    providerAnswer: null,
    claimedAt: sql`clock_timestamp()`,
  })
  // Those of an attempt that died: their handle is not valid any more.
  if (row.existing !== null) await tx.delete(links).where(eq(links.deliveryId, delivery.id))
  if (rendering.confirmation !== null) await keepConfirmation(tx, house, contactPoint, rendering, delivery)
  // None of these needs another's answer, so they travel together.
  await Promise.all([keepLinks(tx, delivery.id, rendering.links), markSending(tx, row, delivery.id)])
  return { kind: 'claimed', delivery: delivery.id, attempt }
}

async function keepLinks(tx: Db, deliveryId: string, made: Rendering['links']): Promise<void> {
  if (made.length === 0) return
  await tx.insert(links).values(
    made.map(({ tokenHash, position, link, url }) => ({
      tokenHash: Buffer.from(tokenHash, 'hex'),
      deliveryId,
      position,
      link,
      url,
    })),
  )
}

/** From here on an event counts for the wait that follows this message. */
async function markSending(tx: Db, row: Row, delivery: string): Promise<void> {
  const { ref, contact } = row.subject
  if (ref.kind !== 'run' || contact === null) return
  const seq = sql`(select ${contacts.eventSeq} from ${contacts} where ${contacts.id} = ${contact.id})`
  await Promise.all([
    tx.update(runs).set({ markSeq: seq }).where(eq(runs.id, ref.run)),
    recordStep(tx, { ...ref, at: row.now, outcome: 'sending', delivery }),
  ])
}

/** A confirmation is evidence: its token's hash, and its exact text under the contact point's key. */
async function keepConfirmation(
  tx: Db,
  house: House,
  contactPoint: ContactPointRow,
  rendering: Rendering,
  delivery: DeliveryRow,
): Promise<void> {
  const { confirmation } = rendering
  if (confirmation === null || delivery.doubleOptIn === null) return
  await tx
    .insert(doubleOptInTokens)
    .values({ hash: Buffer.from(confirmation.tokenHash, 'hex'), doubleOptIn: delivery.doubleOptIn })
  const sealed = seal(
    await evidenceKey(tx, house, contactPoint),
    { contactPoint: contactPoint.id, event: delivery.id },
    {
      circumstances: null,
      reference: null,
      pageUrl: null,
      actor: null,
      ip: null,
      userAgent: null,
      evidence: confirmation.text,
    },
  )
  await tx
    .insert(deliveryContents)
    .values({ deliveryId: delivery.id, sealed })
    .onConflictDoUpdate({ target: deliveryContents.deliveryId, set: { sealed } })
}

async function settle(
  tx: Db,
  row: Row,
  state: 'blocked' | 'cancelled' | 'expired',
  reason: string,
): Promise<Claim> {
  const delivery = await write(tx, row, { state, reason, settledAt: sql`clock_timestamp()` })
  await recordDelivery(tx, delivery, row.now)
  return { kind: 'settled', delivery }
}

type Change = Omit<Partial<typeof deliveries.$inferInsert>, 'claimedAt' | 'settledAt'> & {
  state: DeliveryRow['state']
  claimedAt?: ReturnType<typeof sql>
  settledAt?: ReturnType<typeof sql>
}

async function write(tx: Db, row: Row, change: Change): Promise<DeliveryRow> {
  const { subject } = row
  const { ref } = subject
  const facts = {
    contactId: subject.contact?.id ?? null,
    contactPointId: subject.contactPoint?.id ?? null,
    channel: subject.channel,
    message: subject.message.key,
    messageVersion: subject.message.version,
    purpose: subject.message.definition.purpose,
    topic: subject.message.definition.topic ?? null,
    decision: row.decision,
    decisionInput: row.input,
    ...change,
  }
  const query =
    row.existing === null
      ? tx.insert(deliveries).values({
          id: newId(),
          claimKey: subject.claimKey,
          runId: ref.kind === 'run' ? ref.run : null,
          step: ref.kind === 'run' ? ref.step : null,
          visit: ref.kind === 'run' ? ref.visit : null,
          doubleOptIn: ref.kind === 'run' ? null : ref.request,
          journey: subject.journey?.key ?? null,
          journeyVersion: subject.journey?.version ?? null,
          createdAt: sql`clock_timestamp()`,
          ...facts,
        })
      : tx.update(deliveries).set(facts).where(eq(deliveries.id, row.existing.id))
  const [written] = await query.returning()
  if (written === undefined) throw new Error('a delivery vanished under its lock')
  return written
}

/** The delivery's outcome in its run's path; a double opt-in has none. */
export async function recordDelivery(tx: Db, delivery: DeliveryRow, now: string): Promise<void> {
  if (delivery.runId === null || delivery.step === null || delivery.visit === null) return
  await recordStep(tx, {
    run: delivery.runId,
    step: delivery.step,
    visit: delivery.visit,
    at: now,
    outcome: delivery.state,
    reason: delivery.reason,
    delivery: delivery.id,
  })
}

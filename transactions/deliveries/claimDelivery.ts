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
import type { Matter } from '../../db/reads/matter.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { deliveries, deliveryContents, formerHandles, links } from '../../db/schema/deliveries.ts'
import { doubleOptInTokens } from '../../db/schema/doubleOptIns.ts'
import { runs } from '../../db/schema/journeys.ts'
import { build, given, insertOf, rowsOf, Statement } from '../../db/statement.ts'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import type { RunEnd } from '../../domain/journey/answers.ts'
import { seal } from '../../domain/ledger/seal.ts'
import type { House } from '../house.ts'
import { evidenceKey } from '../ledger/evidenceKey.ts'
import { type ContactPointRow, lockContactPoint, lockRun } from '../locks.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { endOf } from '../runs/endRun.ts'
import { recordStep } from '../runs/path.ts'
import { tooManyConfirmations } from './confirmationLimit.ts'
import { type DeliveryRef, decideFor, readSender, readSubject, type Sender, type Subject } from './subject.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

/** A rendering that is ready to leave, and what it was made from. */
export type Rendering = {
  ready: true
  subject: Subject
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
  return committing(house, async (inner) => {
    const tx = inner.db
    const standing = await standUnderLock(tx, house, prospect.subject)
    const { existing, contactPoint } = standing
    const { sender, matter, decision } = standing.subject
    if (existing !== null && existing.state !== 'claimed' && existing.state !== 'held') {
      return { kind: 'settled', delivery: await settledAlready(inner, existing, options.now) }
    }
    const row = { ...standing, now: options.now }
    if (sender.ended !== null) return settle(inner, row, 'cancelled', sender.ended.reason)
    if (options.expired) return settle(inner, row, 'expired', 'expired')
    // Another address than the one that is locked: nothing can be said of it here.
    if (matter.contactPoint !== (contactPoint?.id ?? null)) return { kind: 'stale' }
    if (decision.verdict === 'block') return settle(inner, row, 'blocked', decision.reason)
    // Nothing is allowed to nobody.
    if (contactPoint === null) return { kind: 'stale' }
    if (
      sender.ref.kind === 'double-opt-in' &&
      (await tooManyConfirmations(tx, contactPoint.id, existing?.id ?? null))
    ) {
      return settle(inner, row, 'blocked', 'confirmations-limited')
    }
    if (!prospect.ready || !sameBasis(prospect.subject, standing.subject)) return { kind: 'stale' }
    return take(tx, house, contactPoint, prospect, row)
  })
}

/** Forecasts whose address had changed by the time they were to be recorded; not this often in a row. */
const mostForecasts = 20

/**
 * The consent activity's half: where the decision is to block, records the block under the lock at once. An allow is only a
 * forecast: the claim decides again.
 */
export async function decideDelivery(
  house: House,
  ref: DeliveryRef,
  now: string,
): Promise<{ input: DecisionInput; decision: Decision; ended: RunEnd | null }> {
  for (let round = 0; round < mostForecasts; round++) {
    const forecast = await readSubject(house, house.reads ?? house.db, ref)
    const answer =
      forecast.sender.ended !== null || forecast.decision.verdict === 'allow'
        ? answerOf(forecast)
        : await recordBlock(house, forecast, now)
    if (answer !== null) return answer
  }
  throw new Error('the address changed again and again while it was decided on')
}

/** @returns null where the address is another by now */
async function recordBlock(
  house: House,
  forecast: Subject,
  now: string,
): Promise<ReturnType<typeof answerOf> | null> {
  return committing(house, async (inner) => {
    const standing = await standUnderLock(inner.db, house, forecast)
    const { existing, subject, contactPoint } = standing
    if (existing?.decision != null && existing.decisionInput != null) {
      return { input: existing.decisionInput, decision: existing.decision, ended: null }
    }
    // It was given up before anything was decided on it. Only an attempt that was itself given up for dead still asks.
    if (existing !== null && existing.state !== 'held') throw new Error('the delivery has ended')
    if (subject.sender.ended !== null || subject.decision.verdict === 'allow') return answerOf(subject)
    if (subject.matter.contactPoint !== (contactPoint?.id ?? null)) return null
    await settle(inner, { ...standing, now }, 'blocked', subject.decision.reason)
    return answerOf(subject)
  })
}

function answerOf({ sender, matter, decision }: Subject) {
  return { input: matter.input, decision, ended: sender.ended }
}

/** How a delivery stands once the locks of its claim are held; `contactPoint` is the one that is locked. */
type Standing = { existing: DeliveryRow | null; subject: Subject; contactPoint: ContactPointRow | null }

/** Takes the locks in their order, then reads everything anew. All is asked at once, and answered in this order. */
async function standUnderLock(tx: Db, house: House, forecast: Subject): Promise<Standing> {
  const { sender, matter } = forecast
  const [ended, contactPoint, existing, subject, request] = await Promise.all([
    sender.ref.kind === 'run' ? lockRun(tx, sender.ref.run).then(endOf) : null,
    matter.contactPoint === null ? null : lockContactPoint(tx, matter.contactPoint),
    deliveryLock.first(tx, { claimKey: sender.claimKey }),
    decideFor(house, tx, sender),
    // Whoever settles a request holds its contact point's lock.
    sender.ref.kind === 'run' ? null : readSender(house, tx, sender.ref),
  ])
  return {
    existing: existing ?? null,
    contactPoint,
    subject: { ...subject, sender: { ...sender, ended: request === null ? ended : request.ended } },
  }
}

const deliveryLock = rowsOf<{ claimKey: string }>()(
  deliveries,
  build
    .select()
    .from(deliveries)
    .where(eq(deliveries.claimKey, given('claimKey')))
    .for('no key update'),
)

/** A hand-over whose attempt died without an answer can only be called unknown. */
async function settledAlready(inner: House, existing: DeliveryRow, now: string): Promise<DeliveryRow> {
  if (existing.state !== 'handed-over') return existing
  const [row] = await inner.db
    .update(deliveries)
    .set({ state: 'unknown', reason: 'no-answer', settledAt: sql`clock_timestamp()` })
    .where(eq(deliveries.id, existing.id))
    .returning()
  if (row === undefined) throw new Error('a delivery vanished under its lock')
  await recordDelivery(inner.db, row, now)
  tellDelivery(inner, row)
  return row
}

/** A rendering holds only for the very message, profile, address and tracking rights it was made with. */
function sameBasis(made: Subject, now: Subject): boolean {
  return (
    sameMatter(made.matter, now.matter) && made.decision.tracking.allowed === now.decision.tracking.allowed
  )
}

/** The same message to the same address, in the same versions. */
function sameMatter(made: Matter, now: Matter): boolean {
  return (
    made.message.key === now.message.key &&
    made.message.version === now.message.version &&
    made.profile.key === now.profile.key &&
    made.profile.version === now.profile.version &&
    made.contactPoint === now.contactPoint
  )
}

type Row = { existing: DeliveryRow | null; subject: Subject; now: string }

async function take(
  tx: Db,
  house: House,
  contactPoint: ContactPointRow,
  rendering: Rendering,
  row: Row,
): Promise<Claim> {
  const attempt = (row.existing?.attempt ?? 0) + 1
  const handleHash = Buffer.from(rendering.handleHash, 'hex')
  const { delivery, put } = write(tx, row, {
    state: 'claimed',
    reason: null,
    attempt,
    handleHash,
    tracksOpens: rendering.tracksOpens,
    tracksClicks: rendering.tracksClicks,
    providerId: rendering.providerId,
    providerAnswer: null,
    claimedAt: row.subject.matter.input.now,
  })
  if (row.existing !== null) await keepFormer(tx, row.existing)
  // None of these needs another's answer, so they travel together, in this order.
  await Promise.all([
    put(),
    ...rendering.links.map(({ tokenHash, ...link }) =>
      linkInsert.all(tx, {
        ...link,
        deliveryId: delivery.id,
        tokenHash: Buffer.from(tokenHash, 'hex'),
        handleHash,
      }),
    ),
    ...markSending(tx, row, delivery.id),
  ])
  if (rendering.confirmation !== null) await keepConfirmation(tx, house, contactPoint, rendering, delivery)
  return { kind: 'claimed', delivery: delivery.id, attempt }
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

const mark = new Statement<{ run: string }, never>(
  build
    .update(runs)
    .set({
      markSeq: sql`(select ${contacts.eventSeq} from ${contacts} where ${contacts.id} = ${runs.contactId})`,
    })
    .where(eq(runs.id, given('run'))),
)

/** From here on an event counts for the wait that follows this message. */
function markSending(tx: Db, row: Row, delivery: string): Promise<unknown>[] {
  const { ref } = row.subject.sender
  if (ref.kind !== 'run') return []
  return [
    mark.all(tx, { run: ref.run }),
    recordStep(tx, { ...ref, at: row.now, outcome: 'sending', delivery }),
  ]
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
  inner: House,
  row: Row,
  state: 'blocked' | 'cancelled' | 'expired',
  reason: string,
): Promise<Claim> {
  const change = { state, reason, settledAt: row.subject.matter.input.now }
  const { delivery, put } = write(inner.db, row, change)
  await Promise.all([put(), recordDelivery(inner.db, delivery, row.now)])
  tellDelivery(inner, delivery)
  return { kind: 'settled', delivery }
}

const deliveryInsert = insertOf(deliveries)

/** @returns the delivery's row as it is to stand, and what writes it */
function write(
  tx: Db,
  row: Row,
  change: Partial<DeliveryRow> & Pick<DeliveryRow, 'state' | 'reason'>,
): { delivery: DeliveryRow; put: () => Promise<unknown> } {
  const { sender, matter, decision } = row.subject
  const facts = {
    ...factsOf(sender, matter),
    decision,
    decisionInput: matter.input,
    ...change,
  }
  if (row.existing !== null) {
    const delivery = { ...row.existing, ...facts }
    return {
      delivery,
      put: () => tx.update(deliveries).set(facts).where(eq(deliveries.id, delivery.id)).execute(),
    }
  }
  const createdAt = matter.input.now
  const delivery = { ...unclaimed, ...originOf(sender), id: newId(createdAt), createdAt, ...facts }
  return { delivery, put: () => deliveryInsert.all(tx, delivery) }
}

/** What a delivery is until it is claimed. */
const unclaimed = {
  attempt: 1,
  renderAttempts: 0,
  handleHash: null,
  tracksOpens: false,
  tracksClicks: false,
  providerId: null,
  providerAnswer: null,
  claimedAt: null,
  handedOverAt: null,
  settledAt: null,
  settledByHand: null,
}

/** Where a delivery comes from. */
export function originOf({ ref, claimKey, journey }: Sender) {
  return {
    claimKey,
    runId: ref.kind === 'run' ? ref.run : null,
    step: ref.kind === 'run' ? ref.step : null,
    visit: ref.kind === 'run' ? ref.visit : null,
    doubleOptIn: ref.kind === 'run' ? null : ref.request,
    journey: journey?.key ?? null,
    journeyVersion: journey?.version ?? null,
  }
}

/** What a delivery brings to whom. */
export function factsOf({ to }: Sender, { channel, contactPoint, message }: Matter) {
  return {
    contactId: 'contact' in to ? to.contact : null,
    contactPointId: contactPoint,
    channel,
    message: message.key,
    messageVersion: message.version,
    purpose: message.purpose,
    topic: message.topic,
  }
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

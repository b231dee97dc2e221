/**
 * What became of a hand-over. `markHandedOver` is committed before the first byte of the body flows; `settleDelivery` records
 * what the provider said. Both are compare-and-set on the attempt, so an attempt that was given up for dead changes nothing
 * any more, except that a late answer still turns `unknown` into `sent`, or, where it is a refusal for good, into `failed`.
 *
 * Locks: the contact point, where a hard bounce suppresses it; then the delivery's row.
 */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { type DeliveryState, deliveries } from '../../db/schema/deliveries.ts'
import { suppressions } from '../../db/schema/ledger.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { isHardBounce } from '../../domain/messages/bounces.ts'
import type { House } from '../house.ts'
import { lockContactPoint } from '../locks.ts'
import type { OutboxTrigger } from '../outbox.ts'
import { type DeliveryRow, recordDelivery } from './claimDelivery.ts'
import { claimKeyOf, type DeliveryRef, readSubject } from './subject.ts'

/** The provider's own words; no address in them. */
export type Answer = { code: number | null; enhanced: string | null; text: string }

export type HandOverOutcome =
  | { kind: 'accepted'; answer: Answer }
  | { kind: 'refused'; permanent: boolean; answer: Answer; stage: string }
  | { kind: 'not-handed-over'; cause: string }
  | { kind: 'forestalled' }
  | { kind: 'unknown'; cause: string }

/** claimed → handed-over. @returns false where another attempt has taken the delivery: then not a byte may flow */
export async function markHandedOver(house: House, delivery: string, attempt: number): Promise<boolean> {
  const marked = await house.db
    .update(deliveries)
    .set({ state: 'handed-over', handedOverAt: sql`clock_timestamp()` })
    .where(and(eq(deliveries.id, delivery), eq(deliveries.attempt, attempt), eq(deliveries.state, 'claimed')))
    .returning({ id: deliveries.id })
  return marked.length > 0
}

/**
 * Records the outcome of one attempt.
 * @returns the delivery as it stands then; `held` is to be tried again
 */
export async function settleDelivery(
  house: House,
  claim: { delivery: string; attempt: number },
  outcome: HandOverOutcome,
  now: string,
): Promise<DeliveryRow> {
  return house.db.transaction(async (tx) => {
    const change = changeOf(outcome)
    if (change === null) return read(tx, claim.delivery)
    const hard = outcome.kind === 'refused' && outcome.permanent && isHardBounce(outcome.answer.enhanced)
    if (hard) {
      const { contactPointId } = await read(tx, claim.delivery)
      if (contactPointId !== null) await lockContactPoint(tx, contactPointId)
    }
    const [row] = await tx
      .update(deliveries)
      .set({ ...change.set, settledAt: change.set.state === 'held' ? null : sql`clock_timestamp()` })
      .where(
        and(
          eq(deliveries.id, claim.delivery),
          eq(deliveries.attempt, claim.attempt),
          inArray(deliveries.state, change.from),
        ),
      )
      .returning()
    if (row === undefined) return read(tx, claim.delivery)
    await recordDelivery(tx, row, now)
    if (hard) await suppress(tx, row, outcome.answer)
    return row
  })
}

function changeOf(outcome: HandOverOutcome): {
  from: DeliveryState[]
  set: { state: DeliveryState; reason: string | null; providerAnswer?: unknown }
} | null {
  switch (outcome.kind) {
    case 'accepted':
      return {
        from: ['claimed', 'handed-over', 'unknown'],
        set: { state: 'sent', reason: null, providerAnswer: outcome.answer },
      }
    case 'refused': {
      const { answer, stage } = outcome
      const providerAnswer = { ...answer, stage }
      return outcome.permanent
        ? {
            from: ['claimed', 'handed-over', 'unknown'],
            set: { state: 'failed', reason: 'refused', providerAnswer },
          }
        : {
            from: ['claimed', 'handed-over'],
            set: { state: 'held', reason: 'refused-for-now', providerAnswer },
          }
    }
    case 'not-handed-over':
      return { from: ['claimed', 'handed-over'], set: { state: 'held', reason: 'not-handed-over' } }
    case 'unknown':
      return { from: ['claimed', 'handed-over'], set: { state: 'unknown', reason: 'no-answer' } }
    case 'forestalled':
      return null
    default:
      return outcome satisfies never
  }
}

/** The address does not exist: nothing is sent to it any more, of whatever purpose. */
async function suppress(tx: Db, delivery: DeliveryRow, answer: Answer): Promise<void> {
  if (delivery.contactPointId === null) return
  const [standing] = await tx
    .select({ id: suppressions.id })
    .from(suppressions)
    .where(
      and(
        eq(suppressions.contactPointId, delivery.contactPointId),
        eq(suppressions.kind, 'hard-bounced'),
        isNull(suppressions.liftedAt),
      ),
    )
  if (standing === undefined) {
    await tx.insert(suppressions).values({
      id: newId(),
      contactPointId: delivery.contactPointId,
      channel: delivery.channel,
      kind: 'hard-bounced',
      reason: `${answer.code ?? ''} ${answer.enhanced ?? ''}`.trim(),
    })
  }
  const trigger: OutboxTrigger = {
    name: 'message.bounced',
    senderEvent: `${delivery.id}:bounced`,
    contactPoint: delivery.contactPointId,
    contact: delivery.contactId,
    delivery: delivery.id,
    payload: {
      message: delivery.message,
      delivery: delivery.id,
      journey: delivery.journey,
      step: delivery.step,
      status: answer.enhanced,
    },
    occurredAt: new Date().toISOString(),
  }
  await tx.insert(outbox).values({ stream: `${delivery.id}:bounced`, kind: 'trigger', body: trigger })
}

async function read(tx: Db, id: string): Promise<DeliveryRow> {
  const [row] = await tx.select().from(deliveries).where(eq(deliveries.id, id))
  if (row === undefined) throw new Error('a delivery vanished')
  return row
}

/**
 * Ends a delivery that is not tried any more: the engine gave its activity up, or it cannot be rendered. What may have been
 * handed over is `unknown`; the rest has `expired`, where that is the reason, or else `failed`.
 */
export async function giveUpDelivery(
  house: House,
  ref: DeliveryRef,
  reason: string,
  now: string,
): Promise<DeliveryRow> {
  const subject = await readSubject(house.db, ref)
  return house.db.transaction(async (tx) => {
    const { definition, key, version } = subject.message
    await tx
      .insert(deliveries)
      .values({
        id: newId(),
        claimKey: claimKeyOf(ref),
        runId: ref.kind === 'run' ? ref.run : null,
        step: ref.kind === 'run' ? ref.step : null,
        visit: ref.kind === 'run' ? ref.visit : null,
        doubleOptIn: ref.kind === 'run' ? null : ref.request,
        journey: subject.journey?.key ?? null,
        journeyVersion: subject.journey?.version ?? null,
        contactId: subject.contact?.id ?? null,
        contactPointId: subject.contactPoint?.id ?? null,
        channel: subject.channel,
        message: key,
        messageVersion: version,
        purpose: definition.purpose,
        topic: definition.topic ?? null,
        state: 'held',
        createdAt: sql`clock_timestamp()`,
      })
      .onConflictDoNothing()
    const [row] = await tx
      .update(deliveries)
      .set({
        state: sql`case when ${deliveries.state} = 'handed-over' then 'unknown' else ${reason === 'expired' ? 'expired' : 'failed'} end`,
        reason: sql`case when ${deliveries.state} = 'handed-over' then 'no-answer' else ${reason} end`,
        settledAt: sql`clock_timestamp()`,
      })
      .where(
        and(
          eq(deliveries.claimKey, claimKeyOf(ref)),
          inArray(deliveries.state, ['claimed', 'held', 'handed-over']),
        ),
      )
      .returning()
    if (row !== undefined) {
      await recordDelivery(tx, row, now)
      return row
    }
    const [settled] = await tx
      .select()
      .from(deliveries)
      .where(eq(deliveries.claimKey, claimKeyOf(ref)))
    if (settled === undefined) throw new Error('a delivery vanished')
    return settled
  })
}

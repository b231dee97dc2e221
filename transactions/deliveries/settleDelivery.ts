/**
 * What became of a hand-over. `markHandedOver` is committed before the first byte of the body flows; `settleDelivery` records
 * what the provider said. Both are compare-and-set on the attempt, so an attempt that was given up for dead changes nothing
 * any more, except that a late answer still turns `unknown` into `sent`, or, where it is a refusal for good, into `failed`.
 *
 * Locks: the contact point, where a hard bounce suppresses it; then the delivery's row.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { build, columnsOf, given, PreparedQuery, rowsOf } from '../../db/preparedQuery.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { suppressions } from '../../db/schema/ledger.ts'
import { type DeliveryState, statesBefore } from '../../domain/delivery/states.ts'
import { isHardBounce } from '../../domain/messages/bounces.ts'
import type { Deps } from '../deps.ts'
import { type DeliveryRow, type LockedContactPoint, lockContactPoint } from '../locks.ts'
import { type OutboxTrigger, putInOutbox, streamOfPoint } from '../outbox.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { readDelivery } from './deliveryRow.ts'
import { heldFrom } from './holdDelivery.ts'

/** The provider's own words; no address in them. */
export type Answer = { code: number | null; enhanced: string | null; text: string }

export type HandOverOutcome =
  | { kind: 'accepted'; answer: Answer }
  | { kind: 'refused'; permanent: boolean; answer: Answer; stage: string }
  | { kind: 'not-handed-over'; cause: string }
  | { kind: 'forestalled' }
  | { kind: 'unknown'; cause: string }

const mark = new PreparedQuery<{ delivery: string; attempt: number }, { id: string }>(
  build
    .update(deliveries)
    .set({ state: 'handed-over', handedOverAt: sql`clock_timestamp()` })
    .where(
      and(
        eq(deliveries.id, given('delivery')),
        eq(deliveries.attempt, given('attempt')),
        eq(deliveries.state, 'claimed'),
      ),
    )
    .returning({ id: deliveries.id }),
)

/** claimed → handed-over. @returns false where another attempt has taken the delivery: then not a byte may flow */
export async function markHandedOver(deps: Deps, delivery: string, attempt: number): Promise<boolean> {
  return deps.db.transaction(async (tx) => (await mark.first(tx, { delivery, attempt })) !== undefined)
}

/**
 * Records the outcome of one attempt.
 * @param now the clock of the run, RFC 3339
 * @returns the delivery as it stands then; `held` is to be tried again
 */
export async function settleDelivery(
  deps: Deps,
  claim: { delivery: string; attempt: number; holds: number },
  outcome: HandOverOutcome,
  now: string,
): Promise<DeliveryRow> {
  const change = changeOf(outcome)
  if (change === null) return readDelivery(deps.db, claim.delivery)
  const heldUntil = change.state === 'held' ? heldFrom(now, claim.holds) : null
  const values = { ...claim, ...change, heldUntil, from: statesAnswered(change) }
  const hard = outcome.kind === 'refused' && outcome.permanent && isHardBounce(outcome.answer.enhanced)
  return committing(deps, async (inner) => {
    const tx = inner.db
    const { contactPointId } = hard ? await readDelivery(tx, claim.delivery) : { contactPointId: null }
    const contactPoint = contactPointId === null ? null : await lockContactPoint(tx, contactPointId)
    const row = await settlement.first(tx, values)
    if (row === undefined) return readDelivery(tx, claim.delivery)
    if (hard && contactPoint !== null) await suppress(tx, contactPoint, row, outcome.answer)
    tellDelivery(inner, row)
    return row
  })
}

type Change = {
  state: 'sent' | 'failed' | 'held' | 'unknown'
  reason: string | null
  answer: (Answer & { stage?: string }) | null
  /** Whether it also counts for a hand-over that was given up as unknown. */
  late: boolean
}

/** States of an attempt that the answer of its provider may still change; of these only the ways of the table. */
function statesAnswered({ state, late }: Change): DeliveryState[] {
  const answered: readonly DeliveryState[] = late
    ? ['claimed', 'handed-over', 'unknown']
    : ['claimed', 'handed-over']
  return statesBefore(state).filter((before) => answered.includes(before))
}

type Settlement = Change & { delivery: string; attempt: number; heldUntil: string | null; from: string[] }

/** Compare-and-set on the attempt. */
const settlement = rowsOf<Settlement>()(
  deliveries,
  sql`update deliveries set state = ${given('state')}, reason = ${given('reason')},
      provider_answer = ${sql.param(given('answer'), deliveries.providerAnswer)},
      held_until = ${given('heldUntil')}::timestamptz,
      holds = holds + case when ${given('state')} = 'held' then 1 else 0 end,
      settled_at = case when ${given('state')} = 'held' then null else clock_timestamp() end
    where id = ${given('delivery')} and attempt = ${given('attempt')}
      and state = any(${given('from')}::text[])
    returning ${columnsOf(deliveries)}`,
)

function changeOf(outcome: HandOverOutcome): Change | null {
  switch (outcome.kind) {
    case 'accepted':
      return { state: 'sent', reason: null, answer: outcome.answer, late: true }
    case 'refused': {
      const answer = { ...outcome.answer, stage: outcome.stage }
      return outcome.permanent
        ? { state: 'failed', reason: 'refused', answer, late: true }
        : { state: 'held', reason: 'refused-for-now', answer, late: false }
    }
    case 'not-handed-over':
      return { state: 'held', reason: 'not-handed-over', answer: null, late: false }
    case 'unknown':
      return { state: 'unknown', reason: 'no-answer', answer: null, late: false }
    case 'forestalled':
      return null
    default:
      return outcome satisfies never
  }
}

/** The address does not exist: nothing is sent to it any more, of whatever purpose. */
async function suppress(
  tx: Db,
  contactPoint: LockedContactPoint,
  delivery: DeliveryRow,
  answer: Answer,
): Promise<void> {
  const [standing] = await tx
    .select({ id: suppressions.id })
    .from(suppressions)
    .where(
      and(
        eq(suppressions.contactPointId, contactPoint.id),
        eq(suppressions.kind, 'hard-bounced'),
        isNull(suppressions.liftedAt),
      ),
    )
  if (standing === undefined) {
    await tx.insert(suppressions).values({
      id: newId(),
      contactPointId: contactPoint.id,
      channel: delivery.channel,
      kind: 'hard-bounced',
      reason: `${answer.code ?? ''} ${answer.enhanced ?? ''}`.trim(),
    })
  }
  const trigger: OutboxTrigger = {
    name: 'message.bounced',
    senderEvent: `${delivery.id}:bounced`,
    contactPoint: contactPoint.id,
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
  await putInOutbox(tx, { stream: streamOfPoint(contactPoint), kind: 'trigger', body: trigger })
}

/**
 * Records a hand-over. `markHandedOver` commits before the first byte of the body flows; `settleDelivery` records what the provider
 * said. Both are compare-and-set on the attempt, so an attempt that was given up for dead changes nothing any more. One exception: a
 * late answer still turns `unknown` into `sent`, or, if it is a refusal for good, into `failed`.
 *
 * Locks: the contact point, where the outcome suppresses it; then the delivery's row.
 */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { build, columnsOf, given, PreparedQuery, rowsOf } from '../../db/preparedQuery.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { suppressions } from '../../db/schema/ledger.ts'
import {
  type AttemptKind,
  type HandOverOutcome,
  type Settlement,
  type Suppress,
  settlementOf,
} from '../../domain/delivery/outcome.ts'
import { type DeliveryState, statesBefore } from '../../domain/delivery/states.ts'
import type { Deps } from '../deps.ts'
import { type DeliveryRow, type LockedContactPoint, lockContactPoint } from '../locks.ts'
import { type OutboxTrigger, putInOutbox, streamOfPoint } from '../outbox.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { readDelivery } from './deliveryRow.ts'
import { heldFrom } from './holdDelivery.ts'

const mark = new PreparedQuery<{ delivery: string; attempt: number }, { id: string }>(
  build
    .update(deliveries)
    .set({ state: 'handed-over', handedOverAt: sql`clock_timestamp()` })
    .where(
      and(
        eq(deliveries.id, given('delivery')),
        eq(deliveries.attempt, given('attempt')),
        // An attempt marks once. Its row is `handed-over` already where it repeats the hand-over of an attempt before it.
        inArray(deliveries.state, ['claimed', 'handed-over']),
      ),
    )
    .returning({ id: deliveries.id }),
)

/** To `handed-over`. @returns false if another attempt has taken the delivery: then not a byte may flow */
export async function markHandedOver(deps: Deps, delivery: string, attempt: number): Promise<boolean> {
  return deps.db.transaction(async (tx) => (await mark.first(tx, { delivery, attempt })) !== undefined)
}

/**
 * Records the outcome of one attempt.
 * @param claim what `claimDelivery` answered, and whether the channel is idempotent
 * @param now the clock of the run, RFC 3339
 * @returns the delivery as it is then; one with `heldUntil` is to be tried again
 */
export async function settleDelivery(
  deps: Deps,
  claim: { delivery: string; attempt: number; holds: number } & Partial<AttemptKind>,
  outcome: HandOverOutcome,
  now: string,
): Promise<DeliveryRow> {
  const { delivery, attempt, holds, idempotent = false, repeated = false } = claim
  const settling = settlementOf(outcome, { idempotent, repeated })
  if (settling === null) return readDelivery(deps.db, delivery)
  const heldUntil = settling.again ? heldFrom(now, holds) : null
  const values = { delivery, attempt, ...settling, heldUntil, from: statesAnswered(settling) }
  const suppress = outcome.kind === 'refused' ? outcome.suppress : undefined
  return committing(deps, async (inner) => {
    const tx = inner.db
    const { contactPointId } =
      suppress === undefined ? { contactPointId: null } : await readDelivery(tx, delivery)
    const contactPoint = contactPointId === null ? null : await lockContactPoint(tx, contactPointId)
    const row = await settlement.first(tx, values)
    if (row === undefined) return readDelivery(tx, delivery)
    if (suppress !== undefined && contactPoint !== null)
      await suppressAddress(tx, contactPoint, row, suppress)
    tellDelivery(inner, row)
    return row
  })
}

/** States of an attempt that the answer of its provider may still change; of these only the ways of the table. */
function statesAnswered({ state, late }: Settlement): DeliveryState[] {
  const answered: readonly DeliveryState[] = late
    ? ['claimed', 'handed-over', 'unknown']
    : ['claimed', 'handed-over']
  return statesBefore(state).filter((before) => answered.includes(before))
}

type Settling = Settlement & { delivery: string; attempt: number; heldUntil: string | null; from: string[] }

/** Compare-and-set on the attempt. */
const settlement = rowsOf<Settling>()(
  deliveries,
  sql`update deliveries set state = ${given('state')}, reason = ${given('reason')},
      provider_answer = ${sql.param(given('answer'), deliveries.providerAnswer)},
      held_until = ${given('heldUntil')}::timestamptz,
      holds = holds + case when ${given('again')}::boolean then 1 else 0 end,
      settled_at = case when ${given('again')}::boolean then null else clock_timestamp() end
    where id = ${given('delivery')} and attempt = ${given('attempt')}
      and state = any(${given('from')}::text[])
    returning ${columnsOf(deliveries)}`,
)

/** Nothing is sent to the address any more, of any purpose. */
async function suppressAddress(
  tx: Db,
  contactPoint: LockedContactPoint,
  delivery: DeliveryRow,
  { kind, reason, status }: Suppress,
): Promise<void> {
  const [standing] = await tx
    .select({ id: suppressions.id })
    .from(suppressions)
    .where(
      and(
        eq(suppressions.contactPointId, contactPoint.id),
        eq(suppressions.kind, kind),
        isNull(suppressions.liftedAt),
      ),
    )
  if (standing === undefined) {
    await tx.insert(suppressions).values({
      id: newId(),
      contactPointId: contactPoint.id,
      channel: delivery.channel,
      kind,
      reason,
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
      status,
    },
    occurredAt: new Date().toISOString(),
  }
  await putInOutbox(tx, { stream: streamOfPoint(contactPoint), kind: 'trigger', body: trigger })
}

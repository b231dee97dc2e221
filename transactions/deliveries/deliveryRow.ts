/** The row of a delivery: what it is made of, and what writes it. */

import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import {
  type BoundQuery,
  build,
  given,
  insertNewOf,
  insertOf,
  rowsOf,
  updateOf,
} from '../../db/preparedQuery.ts'
import type { Intended } from '../../db/reads/intended.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { packDecision, split } from '../../domain/consent/frame.ts'
import type { Deps } from '../deps.ts'
import { type DeliveryRow, type LockedDelivery, lockDelivery, requireLock } from '../locks.ts'
import { tellDelivery } from '../outcomes.ts'
import { frameOf } from './frames.ts'
import type { Assessment, Origin } from './origin.ts'

/** @throws Error where there is none */
export async function readDelivery(db: Db, id: string): Promise<DeliveryRow> {
  const row = await byId.first(db, { delivery: id })
  if (row === undefined) throw new Error('a delivery vanished')
  return row
}

const byId = rowsOf<{ delivery: string }>()(
  deliveries,
  build
    .select()
    .from(deliveries)
    .where(eq(deliveries.id, given('delivery'))),
)

type Change = Partial<DeliveryRow> & Pick<DeliveryRow, 'state' | 'reason'>

/**
 * The row as a decision leaves it, and what writes it.
 * @param inner its `db` is the transaction that sends `put`, pipelined
 * @param existing null where there is none yet
 */
export function decidedRow(
  inner: Deps,
  existing: LockedDelivery | null,
  { origin, intended, decision }: Assessment,
  change: Change,
): { delivery: DeliveryRow; put: (BoundQuery<unknown> | null)[] } {
  const { frame, facts } = split(intended.input)
  const { hash, keep } = frameOf(inner, frame)
  const decided = {
    ...intendedColumns(origin, intended),
    frame: hash,
    facts,
    decision: packDecision(decision, facts),
    heldUntil: null,
    ...change,
  }
  if (existing !== null) {
    const delivery = { ...existing, ...decided }
    return { delivery, put: [keep, update.with(delivery)] }
  }
  const delivery = { ...unclaimed, ...originColumns(origin), ...decided }
  return { delivery, put: [keep, insert.with(delivery)] }
}

const insert = insertOf(deliveries)
const update = updateOf(deliveries)

/** Locks the row, which is inserted as held where there is none: for what happens to a delivery before its claim. */
export async function lockOrInsert(tx: Db, { origin, intended }: Assessment): Promise<LockedDelivery> {
  const row = {
    ...unclaimed,
    ...originColumns(origin),
    ...intendedColumns(origin, intended),
    state: 'held' as const,
    reason: null,
    frame: null,
    facts: null,
    decision: null,
  }
  await insertNew.all(tx, row)
  const locked = await lockDelivery(tx, row.id)
  if (locked === null) throw new Error('a delivery vanished')
  return locked
}

const insertNew = insertNewOf(deliveries)

/** Changes a row, and logs it once that is committed. */
export async function changeDelivery(
  inner: Deps,
  row: LockedDelivery,
  change: Partial<DeliveryRow>,
): Promise<DeliveryRow> {
  requireLock(inner.db, row)
  await inner.db.update(deliveries).set(change).where(eq(deliveries.id, row.id))
  const delivery = { ...row, ...change }
  tellDelivery(inner, delivery)
  return delivery
}

/** What a delivery is until it is claimed. */
const unclaimed = {
  attempt: 0,
  renderAttempts: 0,
  tracksOpens: false,
  tracksClicks: false,
  providerId: null,
  providerAnswer: null,
  claimedAt: null,
  handedOverAt: null,
  settledAt: null,
  heldUntil: null,
  holds: 0,
  settledByHand: null,
}

/** What a delivery is for. */
function originColumns({ ref, journey }: Origin) {
  return {
    id: ref.delivery,
    runId: ref.kind === 'run' ? ref.run : null,
    step: journey?.step ?? null,
    visit: journey?.visit ?? null,
    doubleOptIn: ref.kind === 'run' ? null : ref.request,
    journey: journey?.key ?? null,
    journeyVersion: journey?.version ?? null,
  }
}

/** What a delivery brings to whom. */
function intendedColumns({ to }: Origin, { channel, contactPoint, message }: Intended) {
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

/**
 * The key under which a contact point's evidence is sealed, and what to do where it does not open: an operator lost a key of
 * ASSENT_DATA_KEYS, or put a wrong one there. That never stops a withdrawal. Permission, which must be proven, waits until the key is back.
 */
import { and, eq, isNull } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import {
  type DataKey,
  newDataKey,
  unwrapDataKey,
  WrappedKeyError,
  wrapDataKey,
} from '../../domain/ledger/dataKey.ts'
import { notSealed } from '../../domain/ledger/event.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Deps } from '../deps.ts'
import type { LockedContactPoint } from '../locks.ts'

/**
 * The key, made on first use.
 * @throws WrappedKeyError where it does not open
 * @throws Refusal conflict for an erased contact point
 */
export async function evidenceKey(tx: Db, deps: Deps, contactPoint: LockedContactPoint): Promise<DataKey> {
  const { id, dataKey, dataKeyId, erasedAt } = contactPoint
  if (dataKey !== null) {
    return unwrapDataKey(deps.dataKeys, id, { wrapped: dataKey, wrappedBy: dataKeyId ?? '' })
  }
  if (erasedAt !== null) throw erased()
  const key = newDataKey()
  const { wrapped, wrappedBy } = wrapDataKey(deps.dataKeys, id, key)
  const made = await tx
    .update(contactPoints)
    .set({ dataKey: wrapped, dataKeyId: wrappedBy })
    .where(and(eq(contactPoints.id, id), isNull(contactPoints.dataKey)))
    .returning({ id: contactPoints.id })
  // Written over, a key would take the evidence under it along.
  if (made.length === 0) throw new Error('a contact point got its key after its row was read')
  return key
}

/** How the events of an append are sealed: under a key, or not at all, which their flags then say. */
export type Sealing = { key: DataKey | null; flags: readonly string[] }

/**
 * @param permission whether something of the append gives permission: that needs its evidence
 * @throws Refusal conflict for permission on an erased contact point; unavailable (`evidence-key-unavailable`) for permission
 *   whose evidence cannot be sealed now
 */
export async function sealingOf(
  tx: Db,
  deps: Deps,
  contactPoint: LockedContactPoint,
  permission: boolean,
): Promise<Sealing> {
  if (contactPoint.erasedAt !== null) {
    // Nothing of the person is kept there again, not even of an opt-out by an old link.
    if (!permission) return { key: null, flags: [] }
    throw erased()
  }
  try {
    return { key: await evidenceKey(tx, deps, contactPoint), flags: [] }
  } catch (error) {
    if (!(error instanceof WrappedKeyError)) throw error
    raiseAlarm(deps, contactPoint, error)
    if (permission) throw evidenceKeyUnavailable()
    return { key: null, flags: [notSealed] }
  }
}

/** Whether evidence could be sealed now; raises the alarm where it could not. */
export function canSeal(deps: Deps, contactPoint: LockedContactPoint): boolean {
  const { id, dataKey, dataKeyId } = contactPoint
  if (dataKey === null) return true
  try {
    unwrapDataKey(deps.dataKeys, id, { wrapped: dataKey, wrappedBy: dataKeyId ?? '' })
    return true
  } catch (error) {
    if (!(error instanceof WrappedKeyError)) throw error
    raiseAlarm(deps, contactPoint, error)
    return false
  }
}

export function evidenceKeyUnavailable(): Refusal {
  return new Refusal(
    'evidence-key-unavailable',
    'The evidence of this address cannot be encrypted: its key does not open. Permission cannot be recorded until an operator has restored the key; withdrawals can.',
    { retryAfter: 3600 },
  )
}

function raiseAlarm(deps: Deps, { id, dataKeyId }: LockedContactPoint, error: WrappedKeyError): void {
  deps.log.error(
    { alarm: 'evidence-key-unavailable', contactPoint: id, wrappedBy: dataKeyId, code: error.code },
    'The key of a contact point does not open, so its evidence cannot be encrypted or read. Restore the missing key in ASSENT_DATA_KEYS.',
  )
}

function erased(): Refusal {
  return new Refusal(
    'contact-point-erased',
    'This contact point was erased. Record a new permission by channel and address.',
  )
}

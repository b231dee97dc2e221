/**
 * Projections of a stored event: the columns beside its bytes, and what the fold reads. The bytes are the truth;
 * verification compares the columns with them.
 */
import { compareInstants, instant } from '../consent/instant.ts'
import type { FoldEvent } from '../consent/types.ts'
import { sameBytes } from './encode.ts'
import type { LedgerEvent } from './event.ts'

/** The columns of an event's row that follow from its bytes. */
export type Projection = FoldEvent & {
  contactPointId: string
  /** 32 bytes. */
  noticeHash: Uint8Array | null
}

/** A projection as the database gives it: its content is not trusted. */
export type StoredProjection = {
  [Column in keyof Projection]: Projection[Column] extends string ? string : Widened<Projection[Column]>
}
type Widened<T> = T extends string ? string : T

export function projectEvent(event: LedgerEvent): Projection {
  const {
    id,
    contactPoint,
    seq,
    kind,
    purpose,
    topic,
    state,
    occurredAt,
    recordedAt,
    expiresAt,
    related,
    notice,
  } = event
  return {
    id,
    contactPointId: contactPoint,
    seq,
    kind,
    purpose,
    topic,
    state,
    occurredAt,
    recordedAt,
    expiresAt,
    doubleOptIn: related.doubleOptIn,
    retracts: related.retracts,
    noticeHash: notice === null ? null : new Uint8Array(Buffer.from(notice.hash, 'hex')),
  }
}

/** What the fold reads of a stored event. */
export function foldEventOf(event: LedgerEvent): FoldEvent {
  const { contactPointId, noticeHash, ...foldEvent } = projectEvent(event)
  return foldEvent
}

/**
 * The same from the columns alone: for the hot path; a separate job verifies the chains.
 * @throws RangeError if the ledger does not know the kind or the state
 */
export function foldEventOfRow(row: Omit<StoredProjection, 'contactPointId' | 'noticeHash'>): FoldEvent {
  const { id, seq, kind, purpose, topic, state, occurredAt, recordedAt, expiresAt, doubleOptIn, retracts } =
    row
  if (!isKind(kind)) throw new RangeError(`ledger event ${id}: no such kind "${kind}"`)
  if (state !== null && state !== 'opted-in' && state !== 'opted-out') {
    throw new RangeError(`ledger event ${id}: no such state "${state}"`)
  }
  return { id, seq, kind, purpose, topic, state, occurredAt, recordedAt, expiresAt, doubleOptIn, retracts }
}

/** Whether the columns agree with the bytes. Times are compared as moments, whatever text the database gives. */
export function agrees(row: StoredProjection, event: LedgerEvent): boolean {
  const projection = projectEvent(event)
  return (
    row.id === projection.id &&
    row.contactPointId === projection.contactPointId &&
    row.seq === projection.seq &&
    row.kind === projection.kind &&
    row.purpose === projection.purpose &&
    row.topic === projection.topic &&
    row.state === projection.state &&
    sameMoment(row.occurredAt, projection.occurredAt) &&
    sameMoment(row.recordedAt, projection.recordedAt) &&
    sameMoment(row.expiresAt, projection.expiresAt) &&
    row.doubleOptIn === projection.doubleOptIn &&
    row.retracts === projection.retracts &&
    sameHash(row.noticeHash, projection.noticeHash)
  )
}

function isKind(kind: string): kind is FoldEvent['kind'] {
  return (
    kind === 'consent' ||
    kind === 'pending' ||
    kind === 'pending-ended' ||
    kind === 'retraction' ||
    kind === 'terms'
  )
}

function sameMoment(a: string | null, b: string | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  try {
    return compareInstants(instant(a), instant(b)) === 0
  } catch {
    return false
  }
}

function sameHash(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return sameBytes(a, b)
}

/**
 * The order of locks, checked as they are taken. Two transactions that take the same locks in the same order cannot wait for each
 * other for ever. The check costs no round trip: each transaction's locks are remembered in this process.
 */
import type { Db } from '../db/connect.ts'

/** Earlier kinds are locked first. Several locks of one kind are taken in the order of their ids. */
const order = ['definition', 'identity', 'contact', 'run', 'contact-point', 'delivery'] as const

export type LockKind = (typeof order)[number]

/** A transaction was about to take a lock that belongs before one it already has. Nothing was sent. */
export class LockOrderError extends Error {
  override readonly name = 'LockOrderError'
}

type Taken = { kind: LockKind; last: string; names: Set<string> }

const taken = new WeakMap<Db, Taken>()

/** Whether the transaction has taken this lock before. Taking it again cannot wait. */
export function hasTaken(tx: Db, kind: LockKind, id: string): boolean {
  return taken.get(tx)?.names.has(nameOf(kind, id)) === true
}

/**
 * Remembers a lock that is about to be taken.
 * @throws LockOrderError where the transaction has a later one
 */
export function noteLock(tx: Db, kind: LockKind, id: string): void {
  if (hasTaken(tx, kind, id)) return
  refuseAfter(tx, kind, id)
  remember(tx, kind, id)
}

/**
 * Before locks whose ids only the query finds, in their order: `rememberLock` names them afterwards.
 * @throws LockOrderError where the transaction has one of this kind, or a later one
 */
export function noteKind(tx: Db, kind: LockKind): void {
  refuseAfter(tx, kind, '')
}

/** A lock that was found, or came with a row that this transaction inserted: nobody else could see the row, so none waits for it. */
export function rememberLock(tx: Db, kind: LockKind, id: string): void {
  const before = taken.get(tx)
  if (before === undefined || rank(before.kind) <= rank(kind)) remember(tx, kind, id)
  else before.names.add(nameOf(kind, id))
}

function refuseAfter(tx: Db, kind: LockKind, id: string): void {
  const before = taken.get(tx)
  if (before === undefined || rank(before.kind) < rank(kind)) return
  if (before.kind === kind && before.last < id) return
  throw new LockOrderError(`a ${kind} is locked after a ${before.kind}: the order is ${order.join(', ')}`)
}

function remember(tx: Db, kind: LockKind, id: string): void {
  const before = taken.get(tx)
  const last = before?.kind === kind && before.last > id ? before.last : id
  taken.set(tx, { kind, last, names: (before?.names ?? new Set()).add(nameOf(kind, id)) })
}

function rank(kind: LockKind): number {
  return order.indexOf(kind)
}

function nameOf(kind: LockKind, id: string): string {
  return `${kind} ${id}`
}

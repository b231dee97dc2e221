/**
 * Checks the order of locks as they are taken. Transactions that take locks in the same order cannot deadlock. The check costs no round
 * trip: this process remembers each transaction's locks.
 */
import type { Db } from '../db/connect.ts'

/** Earlier kinds are locked first. Several locks of one kind are taken in the order of their ids. */
const order = ['definition', 'identity', 'contact', 'run', 'contact-point', 'delivery'] as const

export type LockKind = (typeof order)[number]

/** A transaction tried to take a lock that must come before one it already holds. Nothing was sent. */
export class LockOrderError extends Error {
  override readonly name = 'LockOrderError'
}

type Taken = { kind: LockKind; last: string; names: Set<string> }

const taken = new WeakMap<Db, Taken>()

/** Whether the transaction already holds this lock. Taking it again never waits. */
export function hasTaken(tx: Db, kind: LockKind, id: string): boolean {
  return taken.get(tx)?.names.has(nameOf(kind, id)) === true
}

/**
 * Remembers a lock that is about to be taken.
 * @throws LockOrderError if the transaction holds a later one
 */
export function noteLock(tx: Db, kind: LockKind, id: string): void {
  if (hasTaken(tx, kind, id)) return
  refuseAfter(tx, kind, id)
  remember(tx, kind, id)
}

/**
 * Call it before a query that finds and locks rows in the order of their ids; `rememberLock` then records the ids.
 * @throws LockOrderError if the transaction holds a lock of this kind or of a later one
 */
export function noteKind(tx: Db, kind: LockKind): void {
  refuseAfter(tx, kind, '')
}

/** Records a lock on a row that a query found or that this transaction inserted. No other transaction sees an inserted row. */
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

/**
 * A transaction on a connection of its own, from BEGIN to the answer to COMMIT.
 *
 * 1. It counts as committed only where the server said so. A statement that nobody awaited is awaited before the commit: where it
 *    failed, Postgres would answer the COMMIT with a rollback, and the driver would not notice.
 * 2. Once its function has returned or thrown, no further statement is sent, whatever goes on calling it. It would run outside the
 *    transaction, or in the next one on this connection.
 * 3. Once its connection is lost, nothing more is sent for it. The driver tells the caller, and yet sends the `rollback` to the
 *    connection object: that ends the process with an error nobody can catch, or runs the rest of a dead transaction on a new
 *    connection. So the function's end is kept from the driver then.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type postgres from 'postgres'
import { inSpan } from '../telemetry/spans.ts'
import { isConnectionLost } from './away.ts'
import type { Pool } from './pool.ts'
import { traced } from './traced.ts'

/** Thrown to a function that sends a statement after its transaction has ended. */
export class TransactionOver extends Error {
  override readonly name = 'TransactionOver'
  readonly code = 'CONNECTION_CLOSED'

  constructor() {
    super('the transaction is over')
  }
}

export type Inside = (inner: postgres.TransactionSql) => unknown

/** The whole transaction: `over` once the driver has told its caller how it ended. */
type Standing = { over: boolean; ended: Promise<void> }
/** One function of it, the outer one or a savepoint's: its statements under way, and whether it has ended. */
type Scope = { closed: boolean; readonly underWay: Set<Promise<unknown>> }

/** Milliseconds in which the driver has noticed that a connection is gone whose statement failed. */
const notice = 1_000

/**
 * Runs `inside` in a transaction that may write. All other statements are read-only: see `Slot`.
 * @throws whatever `inside` throws, after the rollback; DatabaseAway; an error for which `isDatabaseAway` is true
 */
export function transact(pool: Pool, inside: Inside): Promise<unknown> {
  return inSpan({ name: 'transaction', kind: 'client' }, () => lease(pool, inside))
}

function lease(pool: Pool, inside: Inside): Promise<unknown> {
  return pool.lease(async (slot) => {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const standing: Standing = { over: false, ended }
    try {
      return await slot.client.begin('read write', guarded(standing, inside))
    } catch (error) {
      // Whether the connection is still in the transaction is not known then.
      if (error instanceof Error && 'query' in error && error.query === 'rollback') slot.cut(error)
      throw error
    } finally {
      standing.over = true
      resolve()
      const fault = slot.takeFault()
      // biome-ignore lint/correctness/noUnsafeFinally: what the server reported outweighs any answer
      if (fault !== null) throw fault
    }
  })
}

function guarded(standing: Standing, inside: Inside): Inside {
  return async (inner) => {
    const scope: Scope = { closed: false, underWay: new Set() }
    guard(standing, scope, inner)
    try {
      const result = await inside(inner)
      while (scope.underWay.size > 0) await Promise.all(scope.underWay)
      if (!standing.over) return result
    } catch (error) {
      scope.closed = true
      // It may be another connection's loss that the function met: then this transaction stands, and is rolled back.
      if (isConnectionLost(error)) await Promise.race([standing.ended, pause(notice)])
      if (!standing.over) throw error
    } finally {
      scope.closed = true
    }
    return new Promise(() => {})
  }
}

function guard(standing: Standing, scope: Scope, inner: postgres.TransactionSql): void {
  const { unsafe, savepoint } = inner
  inner.unsafe = <T extends unknown[]>(...[text, parameters, options]: Parameters<typeof unsafe>) => {
    if (standing.over || scope.closed) throw new TransactionOver()
    checkParameters(parameters)
    const query = traced(text, () => unsafe<T>(text, parameters, { ...options, prepare: true }))
    return track(scope, query)
  }
  inner.savepoint = (first: string | Inside, second?: Inside) => {
    if (standing.over || scope.closed) throw new TransactionOver()
    return track(
      scope,
      typeof first === 'string'
        ? savepoint(first, guarded(standing, second ?? (() => {})))
        : savepoint(guarded(standing, first)),
    )
  }
}

function track<P extends Promise<unknown>>(scope: Scope, work: P): P {
  const done = () => scope.underWay.delete(settled)
  const settled: Promise<unknown> = work.then(done, done)
  scope.underWay.add(settled)
  return work
}

/** What the driver cannot encode would fail another statement in its place, and block the connection. */
export function checkParameters(parameters: readonly unknown[] | undefined): void {
  if (parameters === undefined) return
  if (parameters.length > mostParameters) {
    throw new RangeError(`a statement has at most ${mostParameters} parameters`)
  }
  const wrong = parameters.findIndex((value) => !isEncodable(value))
  if (wrong >= 0) throw new TypeError(`parameter ${wrong + 1} of a statement is not a value Postgres takes`)
}

/** The protocol counts parameters in 16 bits. */
const mostParameters = 65_533

function isEncodable(value: unknown): boolean {
  if (value === null || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isEncodable)
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}

/**
 * A transaction on its own connection, from BEGIN to the answer to COMMIT.
 *
 * 1. It counts as committed only if the server says so. Statements that the caller did not await are awaited before the commit: if one
 *    failed, Postgres would answer the COMMIT with a rollback, and the driver would not notice.
 * 2. After its function has returned or thrown, no further statement is sent. It would run outside the transaction, or inside the next
 *    one on this connection.
 * 3. After its connection is lost, nothing more is sent for it. The driver reports the loss, but still sends the `rollback` to the
 *    connection object: this ends the process with an error that cannot be caught, or runs the rest of a dead transaction on a new
 *    connection. So in that case the driver never learns that the function has ended.
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

/** The whole transaction. `over`: the driver has reported its result. */
type Standing = { over: boolean; ended: Promise<void> }
/** The transaction's function, or that of a savepoint: its statements in progress, and whether it has ended. */
type Scope = { closed: boolean; readonly underWay: Set<Promise<unknown>> }

/** Milliseconds within which the driver notices that the connection of a failed statement is lost. */
const notice = 1_000

/**
 * Runs `inside` in a transaction that may write. All other statements are read-only: see `Slot`.
 * @throws the error of `inside`, after the rollback; DatabaseAway; another error for which `isDatabaseAway` is true
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
      // It is then unknown whether the connection is still in the transaction.
      if (error instanceof Error && 'query' in error && error.query === 'rollback') slot.cut(error)
      throw error
    } finally {
      standing.over = true
      resolve()
      const fault = slot.takeFault()
      // biome-ignore lint/correctness/noUnsafeFinally: an error that the server reported overrides any result
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
      // The function may have seen the loss of another connection. Then this transaction is still open and is rolled back normally.
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

/** Refuses parameters that the driver cannot encode: they would fail another statement and block the connection. */
export function checkParameters(parameters: readonly unknown[] | undefined): void {
  if (parameters === undefined) return
  if (parameters.length > mostParameters) {
    throw new RangeError(`a statement has at most ${mostParameters} parameters`)
  }
  const wrong = parameters.findIndex((value) => !isEncodable(value))
  if (wrong >= 0) throw new TypeError(`parameter ${wrong + 1} of a statement is not a value Postgres takes`)
}

/** The protocol has a 16-bit parameter count. */
const mostParameters = 65_533

function isEncodable(value: unknown): boolean {
  if (value === null || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isEncodable)
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}

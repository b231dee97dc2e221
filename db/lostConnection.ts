/**
 * A transaction whose connection is lost is over, and nothing of it is said any more.
 *
 * The driver itself tells the caller that the transaction failed, and yet sends its `rollback`, and whatever its function still
 * says, to the connection object: that ends the process with an error nobody can catch, or, where the pool has connected the object
 * anew, runs the rest of a dead transaction on its own, statement by statement. Here the function's end is kept from the driver
 * once the connection is gone, and its further statements are refused.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type postgres from 'postgres'

/** Said to a function that goes on after its transaction has ended. */
export class TransactionOver extends Error {
  override readonly name = 'TransactionOver'
  readonly code = 'CONNECTION_CLOSED'

  constructor() {
    super('the transaction is over')
  }
}

/** Codes of the driver and the system, and of a server that shuts down, starts up, is full, or ended what stood still. */
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  '57P01',
  '57P02',
  '57P03',
  '25P03',
  '53300',
])

/** Whether an error, or what caused it, says that the database cannot be reached. */
export function isDatabaseAway(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string' && awayCodes.has(current.code)) return true
    if (current instanceof AggregateError && current.errors.some(isDatabaseAway)) return true
  }
  return false
}

type Inside = (inner: postgres.TransactionSql) => unknown
type Standing = { over: boolean; ended: Promise<void> }

/** Milliseconds in which the driver has noticed that a connection is gone whose statement failed. */
const notice = 1_000

export function guardTransactions(client: postgres.Sql): void {
  const { begin } = client
  client.begin = (first: string | Inside, second?: Inside) => {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const standing: Standing = { over: false, ended }
    const end = () => {
      standing.over = true
      resolve()
    }
    const done =
      typeof first === 'string'
        ? begin(first, guarded(standing, second ?? (() => {})))
        : begin(guarded(standing, first))
    done.then(end, end)
    return done
  }
}

function guarded(standing: Standing, inside: Inside): Inside {
  return async (inner) => {
    guard(standing, inner)
    try {
      const result = await inside(inner)
      if (!standing.over) return result
    } catch (error) {
      // It may be another connection's loss that the function met: then this transaction stands, and is rolled back.
      if (isDatabaseAway(error)) await Promise.race([standing.ended, pause(notice)])
      if (!standing.over) throw error
    }
    return new Promise(() => {})
  }
}

function guard(standing: Standing, inner: postgres.TransactionSql): void {
  const { unsafe, savepoint } = inner
  inner.unsafe = (text, parameters, options) => {
    if (standing.over) throw new TransactionOver()
    return unsafe(text, parameters, options)
  }
  inner.savepoint = (first: string | Inside, second?: Inside) => {
    if (standing.over) throw new TransactionOver()
    return typeof first === 'string'
      ? savepoint(first, guarded(standing, second ?? (() => {})))
      : savepoint(guarded(standing, first))
  }
}

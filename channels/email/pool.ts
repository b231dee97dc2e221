/**
 * A small pool of SMTP connections.
 *
 * A slot is a place in the pool with a connection that is open, authenticated and known to be alive. Callers wait for a slot in the order
 * of their requests, before they claim anything. A hand-over then waits only for the server.
 */
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import { ChannelUnavailable, type Slot } from '../channel.ts'
import type { Mail } from './compose.ts'
import { SmtpConnection, type SmtpTimeouts } from './connection.ts'
import { parseSmtpUrl, type SmtpSettings } from './settings.ts'

/** Options besides `SMTP_URL`; times in milliseconds. */
export type SmtpPoolOptions = {
  /** Longest wait for a slot. Default: 30 seconds. */
  readonly acquireTimeout?: number
  /** An idle connection is closed after this time. Default: 5 seconds, shorter than any server's timeout. */
  readonly idleTimeout?: number
  /** A connection on which the server answered within this time is used without a check. Default: half a second. */
  readonly freshFor?: number
  /** Mails after which a connection is replaced. Default: 100. */
  readonly mailsPerConnection?: number
  /** A hand-over takes 35 seconds at most, not counting a `beforeBody` that runs longer. */
  readonly timeouts?: Partial<SmtpTimeouts>
}

const DEFAULT_TIMEOUTS: SmtpTimeouts = {
  connect: 10_000,
  greeting: 10_000,
  open: 20_000,
  reply: 30_000,
  handOver: 35_000,
}

/**
 * Opens the pool for an `SMTP_URL`. Connections are made only when a slot is requested.
 *
 * @throws SmtpUrlError
 */
export function openSmtpPool(smtpUrl: string, options: SmtpPoolOptions = {}): SmtpPool {
  return new SmtpPool(parseSmtpUrl(smtpUrl), options)
}

/** A caller waiting for a place in the pool. */
type Waiter = { readonly take: () => void; readonly refuse: (reason: unknown) => void }
/** A free connection and the timer that will end it. */
type Idle = { readonly connection: SmtpConnection; readonly timer: NodeJS.Timeout }

export class SmtpPool {
  readonly #settings: SmtpSettings
  readonly #timeouts: SmtpTimeouts
  readonly #acquireTimeout: number
  readonly #idleTimeout: number
  readonly #freshFor: number
  readonly #mailsPerConnection: number
  readonly #idle: Idle[] = []
  readonly #waiting = new Set<Waiter>()
  readonly #empty = Promise.withResolvers<void>()
  #taken = 0
  #closed = false

  constructor(settings: SmtpSettings, options: SmtpPoolOptions) {
    this.#settings = settings
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
    this.#acquireTimeout = options.acquireTimeout ?? 30_000
    this.#idleTimeout = options.idleTimeout ?? 5_000
    this.#freshFor = options.freshFor ?? 500
    this.#mailsPerConnection = options.mailsPerConnection ?? 100
  }

  /**
   * Waits for a slot on an open, authenticated and live connection.
   *
   * @throws ChannelUnavailable if there was none in time
   * @throws the signal's reason when `signal` is aborted first
   */
  async acquire({ signal }: { signal?: AbortSignal }): Promise<Slot<Mail>> {
    signal?.throwIfAborted()
    const late = new AbortController()
    const timer = setTimeout(() => {
      late.abort(new ChannelUnavailable('timed-out', 'no mail connection became free in time'))
    }, this.#acquireTimeout)
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    try {
      await this.#takePlace(either)
      try {
        return new SmtpSlot(await this.#connection(either), (used) => this.#giveBack(used))
      } catch (error) {
        this.#leavePlace()
        throw error
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Refuses new slots and closes idle connections; resolves when the slots in use have been released. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#waiting) waiter.refuse(closed())
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      connection.quit()
    }
    if (this.#taken === 0) this.#empty.resolve()
    await this.#empty.promise
  }

  /** Waits for a place in the pool, in the order of the requests. */
  async #takePlace(signal: AbortSignal): Promise<void> {
    if (this.#closed) throw closed()
    if (this.#taken < this.#settings.maxConnections) {
      this.#taken++
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const refuse = (reason: unknown) => {
      // Removed at once, so that no place is given to a caller that has gone.
      this.#waiting.delete(waiter)
      reject(reason)
    }
    const waiter: Waiter = { take: resolve, refuse }
    const onAbort = () => refuse(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.add(waiter)
    await promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  /** Passes the place to the next waiting caller; then the number of used places stays the same. */
  #leavePlace(): void {
    const [next] = this.#waiting
    if (next) {
      this.#waiting.delete(next)
      next.take()
      return
    }
    this.#taken--
    if (this.#closed && this.#taken === 0) this.#empty.resolve()
  }

  /** The most recently used connection that is still alive, or a new one. */
  async #connection(signal: AbortSignal): Promise<SmtpConnection> {
    const connection =
      (await this.#provenIdle()) ?? (await SmtpConnection.open(this.#settings, this.#timeouts, signal))
    if (signal.aborted || this.#closed) {
      connection.quit()
      signal.throwIfAborted()
      throw closed()
    }
    return connection
  }

  async #provenIdle(): Promise<SmtpConnection | null> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (await idle.connection.prove(this.#freshFor)) return idle.connection
    }
    return null
  }

  #giveBack(connection: SmtpConnection): void {
    const worn = connection.handOvers >= this.#mailsPerConnection
    if (this.#closed || worn) connection.quit()
    else if (connection.usable) this.#keep(connection)
    this.#leavePlace()
  }

  #keep(connection: SmtpConnection): void {
    const timer = setTimeout(() => {
      const at = this.#idle.findIndex((idle) => idle.connection === connection)
      if (at >= 0) this.#idle.splice(at, 1)
      connection.quit()
    }, this.#idleTimeout)
    this.#idle.push({ connection, timer })
  }
}

class SmtpSlot implements Slot<Mail> {
  readonly #connection: SmtpConnection
  readonly #giveBack: (connection: SmtpConnection) => void
  #handOver: Promise<HandOverOutcome> | null = null
  #released = false

  constructor(connection: SmtpConnection, giveBack: (connection: SmtpConnection) => void) {
    this.#connection = connection
    this.#giveBack = giveBack
  }

  async handOver(mail: Mail, beforeBody: () => Promise<boolean>): Promise<HandOverOutcome> {
    if (this.#released || this.#handOver)
      return { kind: 'not-handed-over', cause: 'the slot was used already' }
    this.#handOver = this.#connection.handOver(mail, beforeBody)
    return this.#handOver
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    if (this.#handOver) void this.#handOver.then(() => this.#giveBack(this.#connection))
    else this.#giveBack(this.#connection)
  }
}

function closed(): ChannelUnavailable {
  return new ChannelUnavailable('closed', 'the mail channel has been closed')
}

/**
 * One connection to Postgres: a driver client with a pool of one, on our own socket, which we can close at any time.
 *
 * The driver (postgres.js 3.4.9) must not share connections between transactions and other statements. Its own pool sends `BEGIN` on a
 * connection that still has statements in progress. If that `BEGIN` fills the pipeline or the socket's buffer, the driver does not reserve
 * the connection for the transaction: statements of other callers then run inside the transaction, and are lost with it (driver issues
 * 823, 1189 and 1210). Here a connection either carries one transaction at a time, or never carries any.
 */
import net from 'node:net'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { DatabaseAway } from './away.ts'

export type SlotLimits = {
  /** Milliseconds in which a new connection must become ready for statements. */
  connect: number
  /** Milliseconds a statement may run on the server (`statement_timeout`). */
  statement: number
  /** Milliseconds without a byte from the server, with work in progress, after which the connection is closed. */
  silence: number
  /** Milliseconds a transaction may stay idle while it holds locks (`idle_in_transaction_session_timeout`). */
  standstill: number
}

/** The address to which the driver connects. */
type Target = { host: string[]; port: number[]; path: string | false }

/** The pipeline is never full: see above. */
const unlimitedPipeline = Number.MAX_SAFE_INTEGER

export class Slot {
  readonly #url: string
  readonly #limits: SlotLimits
  readonly #watch: NodeJS.Timeout
  #heard = { bytes: 0, at: 0 }
  #client: postgres.Sql
  /** The client's socket, once it has one. */
  #socket: net.Socket | null = null
  /** Statements or transactions in progress. Without any, silence is no error. */
  #working = 0
  #fault: Error | null = null
  #connects = 0

  constructor(url: string, limits: SlotLimits) {
    this.#url = url
    this.#limits = limits
    this.#client = this.#make()
    this.#watch = setInterval(() => this.#listen(), Math.min(1_000, limits.silence / 4)).unref()
  }

  /**
   * A client is used for one connection only. After a loss the driver keeps part of the old connection's state; for example, the old
   * connection's error would fail the first statement on the new one.
   */
  get client(): postgres.Sql {
    if (this.#socket?.destroyed === true) this.#renew()
    return this.#client
  }

  /** Work in progress: the number of statements of any callers, or one transaction. */
  get working(): number {
    return this.#working
  }

  /** Marks the beginning of work that the server has to answer. @returns a function that marks its end */
  begin(): () => void {
    if (this.#working === 0) this.#heard.at = performance.now()
    this.#working += 1
    let over = false
    return () => {
      if (!over) this.#working -= 1
      over = true
    }
  }

  /** The transaction-state error that the server reported since the last call, if any. */
  takeFault(): Error | null {
    const fault = this.#fault
    this.#fault = null
    return fault
  }

  /** Closes the connection at once. Work in progress fails with `reason`. The next statement opens a new connection. */
  cut(reason: Error): void {
    this.#socket?.destroy(reason)
  }

  /** @param milliseconds to close cleanly; after that, the socket is destroyed */
  async close(milliseconds: number): Promise<void> {
    clearInterval(this.#watch)
    await this.#client.end({ timeout: milliseconds / 1_000 })
    this.#socket?.destroy()
  }

  #make(): postgres.Sql {
    const { connect, statement, standstill } = this.#limits
    const options = {
      max: 1,
      max_pipeline: unlimitedPipeline,
      connect_timeout: connect / 1_000,
      connection: {
        role: 'assent_app',
        application_name: 'assent',
        timezone: 'UTC',
        // Postgres refuses a write outside a transaction; our transactions begin with `read write`.
        default_transaction_read_only: true,
        statement_timeout: statement,
        idle_in_transaction_session_timeout: standstill,
      },
      onnotice: (notice: postgres.Notice) => this.#heed(notice),
      socket: (to: Target) => {
        if (this.#client !== client) throw new DatabaseAway('CONNECTION_ENDED', 'the connection is lost')
        return this.#open(client, to)
      },
    }
    const client: postgres.Sql = postgres(this.#url, options)
    // Drizzle expects dates and JSON as text and changes the client's parsers accordingly.
    drizzle(client)
    return client
  }

  /** Replaces the client. Statements still waiting in the old one fail. */
  #renew(): void {
    const old = this.#client
    this.#client = this.#make()
    this.#socket = null
    void old.end({ timeout: 0 })
  }

  /** The driver writes to the socket at once; Node buffers the bytes until the socket is connected. */
  #open(client: postgres.Sql, to: Target): net.Socket {
    const at = this.#connects++ % to.host.length
    const host = to.host[at] ?? 'localhost'
    const port = to.port[at] ?? 5432
    const socket = to.path === false ? net.connect({ host, port, noDelay: true }) : net.connect(to.path)
    socket.once('close', () => {
      if (this.#client === client) this.#renew()
    })
    this.#socket = socket
    this.#heard = { bytes: 0, at: performance.now() }
    // The driver reads the name from here to check the server's certificate.
    return Object.assign(socket, { host })
  }

  /** Only received bytes count, because callers may continue to write to a frozen server. */
  #listen(): void {
    const socket = this.#socket
    if (socket === null || this.#working === 0) return
    const now = performance.now()
    if (socket.bytesRead !== this.#heard.bytes) this.#heard = { bytes: socket.bytesRead, at: now }
    else if (now - this.#heard.at > this.#limits.silence) this.cut(silent())
  }

  /**
   * `25001`: BEGIN inside an open transaction. `25P01`: COMMIT without one. Both mean that the connection is not in the expected state.
   * The transaction must not count as committed, so the connection is closed at once.
   */
  #heed(notice: postgres.Notice): void {
    if (notice.code !== '25001' && notice.code !== '25P01') return
    this.#fault = new TransactionState(notice.message ?? 'unexpected transaction state')
    this.cut(this.#fault)
  }
}

/** A connection was unexpectedly inside or outside a transaction. Its transaction does not count as committed. */
class TransactionState extends Error {
  override readonly name = 'TransactionState'
  /** Callers see a lost connection, so they may retry. */
  readonly code = 'CONNECTION_DESTROYED'
}

function silent(): DatabaseAway {
  return new DatabaseAway('DATABASE_SILENT', 'the database has not answered for too long')
}

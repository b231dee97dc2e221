/**
 * One connection to Postgres: a driver client with a pool of one, on a socket of ours that we can close at any time.
 *
 * The driver (postgres.js 3.4.9) is not asked to share connections between transactions and other statements. Its own pool sends
 * `BEGIN` down a connection that still has statements under way, and where that `BEGIN` fills the pipeline or the socket's buffer, the
 * connection is not set aside for the transaction: it stays open, later statements of others run inside it, and are lost with it
 * (its issues 823, 1189 and 1210). Here a connection either belongs to one transaction at a time, or never carries any.
 */
import net from 'node:net'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { DatabaseAway } from './away.ts'

export type SlotLimits = {
  /** Milliseconds until a new connection must be ready for statements. */
  connect: number
  /** Milliseconds a statement may run on the server (`statement_timeout`). */
  statement: number
  /** Milliseconds without a byte from the server, with work under way, after which the connection is given up. */
  silence: number
  /** Milliseconds a transaction may hold its locks without a statement (`idle_in_transaction_session_timeout`). */
  standstill: number
}

/** Where the driver would connect to. */
type Target = { host: string[]; port: number[]; path: string | false }

/** No number of statements fills a pipeline: see above. */
const unlimitedPipeline = Number.MAX_SAFE_INTEGER

export class Slot {
  readonly #url: string
  readonly #limits: SlotLimits
  readonly #watch: NodeJS.Timeout
  #heard = { bytes: 0, at: 0 }
  #client: postgres.Sql
  /** The client's socket, once it has one. */
  #socket: net.Socket | null = null
  /** Statements or transactions under way: an idle connection may be silent. */
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
   * A client is used for one connection only. After a loss the driver would keep part of the old connection's state: the error it
   * ended with, for one, would fail the first statement on the next.
   */
  get client(): postgres.Sql {
    if (this.#socket?.destroyed === true) this.#renew()
    return this.#client
  }

  /** How much is under way: statements of many callers, or one transaction. */
  get working(): number {
    return this.#working
  }

  /** Something begins that the server has to answer; answers how to say that it is over. */
  begin(): () => void {
    if (this.#working === 0) this.#heard.at = performance.now()
    this.#working += 1
    let over = false
    return () => {
      if (!over) this.#working -= 1
      over = true
    }
  }

  /** The violation that the server reported since the last call, if any. */
  takeFault(): Error | null {
    const fault = this.#fault
    this.#fault = null
    return fault
  }

  /** Closes the connection at once, whatever is under way: it fails with `reason`. The next statement connects anew. */
  cut(reason: Error): void {
    this.#socket?.destroy(reason)
  }

  /** @param milliseconds for a proper goodbye; a server that is frozen does not get more */
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
        // A write belongs to a transaction, which says `read write`: outside one Postgres refuses it.
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
    // Drizzle takes dates and JSON as they are, and tells a client's parsers so.
    drizzle(client)
    return client
  }

  /** What the old client still has waiting fails. */
  #renew(): void {
    const old = this.#client
    this.#client = this.#make()
    this.#socket = null
    void old.end({ timeout: 0 })
  }

  /** The driver speaks on the socket at once: Node keeps what is written until it is connected. */
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

  /** Only what the server sends counts: callers may go on writing to a server that is frozen. */
  #listen(): void {
    const socket = this.#socket
    if (socket === null || this.#working === 0) return
    const now = performance.now()
    if (socket.bytesRead !== this.#heard.bytes) this.#heard = { bytes: socket.bytesRead, at: now }
    else if (now - this.#heard.at > this.#limits.silence) this.cut(silent())
  }

  /**
   * `25001`: a BEGIN met an open transaction. `25P01`: a COMMIT met none. Both mean that a connection is not in the state we
   * think it is in. The transaction must not count as committed, so the connection is closed at once.
   */
  #heed(notice: postgres.Notice): void {
    if (notice.code !== '25001' && notice.code !== '25P01') return
    this.#fault = new TransactionState(notice.message ?? 'unexpected transaction state')
    this.cut(this.#fault)
  }
}

/** A connection was in a transaction where it should not have been, or the other way round. Nothing of it counts as committed. */
class TransactionState extends Error {
  override readonly name = 'TransactionState'
  /** Told to callers as a lost connection: they may repeat. */
  readonly code = 'CONNECTION_DESTROYED'
}

function silent(): DatabaseAway {
  return new DatabaseAway('DATABASE_SILENT', 'the database has not answered for too long')
}

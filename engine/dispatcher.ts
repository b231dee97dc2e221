/**
 * Delivers the rows of the outbox: starts and signals to Temporal, our own events to the intake. A commit nudges it; a regular sweep
 * finds what a crash left behind. It leases rows, delivers each independently of the others, and deletes them: no row waits for a slow
 * one. Rows of one stream are delivered in order, a run's start first, whichever process leases them (`transactions/outboxLeases.ts`).
 *
 * While the engine is unreachable, the lanes that need it pause and no attempt is counted; our own events are still delivered. A row
 * that fails for a reason of its own is retried after growing pauses, and parked after ten attempts.
 */
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { isDatabaseAway } from '../db/away.ts'
import { type LaneName, laneName, laneNames, lanes } from '../domain/lanes.ts'
import { failpoint } from '../failpoints.ts'
import { countParkedRow, countUntold, observeTold } from '../telemetry/outbox.ts'
import { inSpan } from '../telemetry/spans.ts'
import type { Deps } from '../transactions/deps.ts'
import {
  exchange,
  type Floors,
  leaseSeconds,
  noFloors,
  type OutboxRow,
  type Untold,
} from '../transactions/outboxLeases.ts'
import { isEngineAway } from './away.ts'
import { Periodic } from './periodic.ts'
import { Teller } from './teller.ts'

export type DispatcherOptions = {
  deps: Deps
  client: Client
  taskQueue: string
  log: Logger
  /** Milliseconds between sweeps. */
  interval?: number
}

/**
 * Most rows delivered at the same time, in total and per lane. The limits per lane keep room for earlier lanes, however many or slow the
 * rows of later lanes are. An event of our own takes a connection of the pool `dispatch`, which has one more for the leases
 * (`db/pools.ts`).
 */
const most = {
  rows: 48,
  ofLane: { withdrawals: 3, stops: 48, events: 4, nudges: 16, starts: 24 } satisfies Record<LaneName, number>,
}
/** Lanes that do not need the engine. */
const engineless: readonly LaneName[] = ['withdrawals', 'events']
/** Rows read per lane. `wide` is used from time to time, in case none of the first rows can be leased because their streams are blocked. */
const pages = { usual: 500, wide: 100_000 }
/** Milliseconds between two reads of a wide page. */
const farInterval = 5_000
/** Longest pause between two attempts for one row, in seconds. */
const longestPause = 60
/** Longest pause while the engine is unreachable, in milliseconds. */
const longestRest = 5_000
/** Milliseconds after which the floors are read again, in case the database was restored to an earlier state. */
const floorsHold = 60_000
/** Milliseconds that deliveries in progress may take when the dispatcher stops. */
const lastPatience = 10_000

/** Continues the trace in which the row was written, if there was one. */
function inTrace(row: OutboxRow, tell: () => Promise<void>): Promise<void> {
  const { kind, lane, traceparent } = row
  if (traceparent === null) return tell()
  const attributes = { 'assent.lane': laneName(lane) }
  return inSpan({ name: `tell ${kind}`, kind: 'consumer', parent: traceparent, attributes }, tell)
}

type UnderWay = { row: OutboxRow; leasedAt: number; done: Promise<void> }

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #teller: Teller
  readonly #work: Periodic
  readonly #underWay = new Map<number, UnderWay>()
  #told: number[] = []
  #untold: Untold[] = []
  #floors: { at: number; floors: Floors } = { at: 0, floors: noFloors }
  /** When a wide page was last read. */
  #lookedFar = 0
  #engine = { failures: 0, restUntil: 0 }

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#teller = new Teller(options)
    this.#work = new Periodic(options.interval ?? 1_000, () => this.#round())
  }

  start(): void {
    this.#work.start()
  }

  /** Starts a round now, because something was committed. Returns at once. */
  nudge(): void {
    this.#work.nudge()
  }

  /** Finishes the deliveries in progress and leases no more rows. What is not finished in ten seconds, another dispatcher delivers again. */
  async stop(): Promise<void> {
    await this.#work.stop()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, lastPatience)
    const rest = Promise.all([...this.#underWay.values()].map(({ done }) => done)).then(() => this.#round())
    await Promise.race([rest, late])
    clearTimeout(timer)
  }

  async #round(): Promise<void> {
    try {
      while ((await this.#exchange()) > 0 || this.#told.length > 0 || this.#untold.length > 0) {
        // Repeats until nothing is left to report and nothing can be leased.
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'The outbox could not be read. The dispatcher tries again.')
    }
  }

  /** @returns how many rows were leased */
  async #exchange(): Promise<number> {
    const { deps, log } = this.#options
    const [told, untold] = [this.#told, this.#untold]
    this.#told = []
    this.#untold = []
    const now = performance.now()
    const rows = [...this.#underWay.values()]
    const kept = rows.filter(({ leasedAt }) => now - leasedAt > (leaseSeconds * 1_000) / 3)
    // While the engine was unreachable last, only a few rows test whether it answers again.
    const room = this.#work.stopped ? 0 : (this.#engine.failures > 0 ? 4 : most.rows) - rows.length
    const fresh = now - this.#floors.at > floorsHold
    const far = now - this.#lookedFar > farInterval
    if (far) this.#lookedFar = now
    try {
      const { leased, floors, parked } = await exchange(deps.db, {
        told,
        untold,
        kept: kept.map(({ row }) => row.id),
        room: Math.max(0, room),
        from: this.#roomByLane(now < this.#engine.restUntil ? engineless : laneNames),
        floors: fresh ? noFloors : this.#floors.floors,
        page: far ? pages.wide : pages.usual,
      })
      for (const one of kept) one.leasedAt = now
      this.#floors = { at: fresh ? now : this.#floors.at, floors }
      for (const row of parked) {
        countParkedRow(row.kind)
        log.error(
          { row: row.id, stream: row.stream, kind: row.kind },
          'An outbox row was parked after too many attempts. Read lastError at GET /v1/outbox, then retry or drop it.',
        )
      }
      for (const row of leased) this.#carry(row)
      return leased.length
    } catch (error) {
      this.#told.push(...told)
      this.#untold.push(...untold)
      throw error
    }
  }

  /** How many rows to lease at most, for each of these lanes. */
  #roomByLane(names: readonly LaneName[]): Map<number, number> {
    const underWay = [...this.#underWay.values()]
    const room = names.map((name): [number, number] => {
      const lane = lanes[name]
      return [lane, most.ofLane[name] - underWay.filter(({ row }) => row.lane === lane).length]
    })
    return new Map(room.filter(([, rows]) => rows > 0))
  }

  /** Starts delivering one row; does not wait for it. */
  #carry(row: OutboxRow): void {
    const done = this.#tell(row).finally(() => {
      this.#underWay.delete(row.id)
      this.#work.nudge()
    })
    this.#underWay.set(row.id, { row, leasedAt: performance.now(), done })
  }

  async #tell(row: OutboxRow): Promise<void> {
    try {
      await failpoint('outbox:leased')
      await inTrace(row, () => this.#teller.tell(row))
      await failpoint('outbox:told')
      this.#told.push(row.id)
      observeTold(row)
      if (row.kind !== 'trigger') this.#engine = { failures: 0, restUntil: 0 }
    } catch (error) {
      this.#options.log.warn(
        { err: error, stream: row.stream, kind: row.kind },
        'An outbox row could not be told to Temporal. It is tried again.',
      )
      this.#untold.push(this.#verdict(row, error))
    }
  }

  /** Lengthens the pause: once, however many rows fail at the same time. */
  #rest(): void {
    const now = performance.now()
    if (now < this.#engine.restUntil) return
    const failures = this.#engine.failures + 1
    this.#engine = { failures, restUntil: now + Math.min(100 * 2 ** failures, longestRest) }
  }

  #verdict(row: OutboxRow, error: unknown): Untold {
    const name = error instanceof Error ? error.name : 'unknown'
    if (row.kind !== 'trigger' && isEngineAway(error)) {
      this.#rest()
      countUntold(row, 'engine-away')
      return { id: row.id, counted: false, pause: 0, error: name }
    }
    if (isDatabaseAway(error)) {
      countUntold(row, 'database-away')
      return { id: row.id, counted: false, pause: 1, error: name }
    }
    countUntold(row, 'row')
    return { id: row.id, counted: true, pause: Math.min(2 ** row.attempts, longestPause), error: name }
  }
}

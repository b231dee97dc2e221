/**
 * Tells Temporal, and the intake, what the outbox holds. After a commit it is nudged; what a crash left, its sweep finds. Rows are leased,
 * told one by one beside one another, and deleted: nothing waits for the slowest. Rows of one stream are told in their order, a run's
 * start first, whichever process takes them (`transactions/outboxLeases.ts`).
 *
 * While the engine is away, its lanes rest and no attempt is counted; our own events are taken all the same. A row that fails by itself is
 * tried again, later and later, and parked after ten attempts.
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
 * Rows told at once, in all and of each lane: however slow or many the rows of later lanes are, those of an earlier lane find room. An
 * event of our own takes a connection of the pool `dispatch`, which has one more for the leases (`db/pools.ts`).
 */
const most = {
  rows: 48,
  ofLane: { withdrawals: 3, stops: 48, events: 4, nudges: 16, starts: 24 } satisfies Record<LaneName, number>,
}
/** Lanes that do not need the engine. */
const engineless: readonly LaneName[] = ['withdrawals', 'events']
/** Rows looked at per lane; now and then more, in case none of the first can be leased: their streams may wait for something. */
const pages = { usual: 500, wide: 100_000 }
/** Milliseconds between two looks at more than the first rows. */
const farInterval = 5_000
/** Longest pause between two tries of one row, in seconds. */
const longestPause = 60
/** Longest rest while the engine is away, in milliseconds. */
const longestRest = 5_000
/** Milliseconds after which the floors are found anew, should the database have been put back to an earlier state. */
const floorsHold = 60_000
/** Milliseconds that rows under way get when we stop. */
const lastPatience = 10_000

/** Goes on with the trace that the row was written in, if it was. */
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
  /** When more than the first rows of each lane were last looked at. */
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

  /** Something was committed: look now. Returns at once. */
  nudge(): void {
    this.#work.nudge()
  }

  /** Finishes what is under way, and takes nothing more. What it cannot finish in ten seconds is told again by others. */
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
        // until there is nothing to report, and nothing due or no room for it
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
    // After the engine was away, a few rows try whether it is back.
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

  /** Most rows to lease of each of these lanes. */
  #roomByLane(names: readonly LaneName[]): Map<number, number> {
    const underWay = [...this.#underWay.values()]
    const room = names.map((name): [number, number] => {
      const lane = lanes[name]
      return [lane, most.ofLane[name] - underWay.filter(({ row }) => row.lane === lane).length]
    })
    return new Map(room.filter(([, rows]) => rows > 0))
  }

  /** Tells one row, beside the others. */
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

  /** Once for all rows that fail together. */
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

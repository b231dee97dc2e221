/**
 * Deletes rows whose retention is over (domain/retention.ts), in the background and never in a request. Each batch is its own
 * transaction. After a batch it pauses four times as long as the batch took, so it uses at most a fifth of one connection's time. Any
 * number of processes may sweep at the same time.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '../db/connect.ts'
import { defaultDays, type RetentionDays, type RetentionName, retentionNames } from '../domain/retention.ts'
import { countSweepFailure } from '../telemetry/sweeps.ts'
import { sweepBatch } from '../transactions/retention/sweepBatch.ts'
import { sweeps } from '../transactions/retention/sweeps.ts'
import { Periodic } from './periodic.ts'

export type RetentionOptions = {
  /** A pool that no request waits for. */
  db: Db
  log: Logger
  /** Retention in days, by name. Default: the values of domain/retention.ts. */
  days?: RetentionDays
  /** Called after each batch that deleted something, for counters. Must not throw. */
  onSwept?: (name: RetentionName, rows: number) => void
}

/** Milliseconds between two rounds. */
const interval = 600_000
/** Length of the pause after a batch, as a multiple of the batch's own time. */
const restFor = 4
/** Shortest pause, in milliseconds. */
const shortestRest = 20

export class Retention {
  readonly #options: RetentionOptions
  readonly #work: Periodic
  readonly #stopping = new AbortController()

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#work = new Periodic(interval, () => this.sweep())
  }

  /** Sweeps now, and then at an interval. */
  start(): void {
    this.#work.start()
  }

  /** Finishes the current batch. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#work.stop()
  }

  /** Runs every sweep that has rows due. If one sweep fails, the others still run. */
  async sweep(): Promise<void> {
    for (const name of retentionNames) {
      try {
        await this.#sweepAll(name)
      } catch (error) {
        countSweepFailure(name)
        this.#options.log.warn(
          { err: error, retention: name },
          'A retention sweep failed. It is tried again in the next round.',
        )
      }
    }
  }

  async #sweepAll(name: RetentionName): Promise<void> {
    const { db, log, onSwept, days = defaultDays } = this.#options
    const { most } = sweeps[name]
    const began = performance.now()
    let rows = 0
    let after: string | null = null
    let more = true
    while (more && !this.#stopping.signal.aborted) {
      const batchBegan = performance.now()
      const { looked, swept, last } = await sweepBatch(db, name, { days: days[name], after, most })
      rows += swept
      if (swept > 0) onSwept?.(name, swept)
      after = last
      more = looked === most
      if (more) await this.#rest(performance.now() - batchBegan)
    }
    if (rows === 0) return
    const ms = Math.round(performance.now() - began)
    log.info({ retention: name, rows, days: days[name], ms }, 'Rows past their retention were deleted.')
  }

  async #rest(took: number): Promise<void> {
    const { signal } = this.#stopping
    await pause(Math.max(shortestRest, restFor * took), undefined, { signal }).catch(() => {})
  }
}

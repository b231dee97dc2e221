/**
 * Deletes what has been kept long enough, in the background and never in a request: each sweep deletes a few rows in a transaction of
 * its own, and is repeated until it finds no more. Any number of processes may sweep at once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '../db/connect.ts'
import { sweepTriggerIds } from '../transactions/intake/sweepTriggerIds.ts'
import { sweepVerifications } from '../transactions/ledger/sweepVerifications.ts'

/** Deletes at most `most` rows, the oldest first. @returns how many it deleted */
export type Sweep = (db: Db, most: number) => Promise<number>

const sweeps: Readonly<Record<string, Sweep>> = {
  trigger_ids: sweepTriggerIds,
  ledger_verifications: sweepVerifications,
}

/** Milliseconds between two looks. */
const interval = 60_000
/** Rows a transaction deletes. */
const batch = 500
/** Milliseconds between two batches: requests go first. */
const breath = 50

export class Retention {
  readonly #options: { db: Db; log: Logger }
  #timer: NodeJS.Timeout | null = null
  #sweeping: Promise<void> | null = null
  #stopped = false

  constructor(options: { db: Db; log: Logger }) {
    this.#options = options
  }

  /** Sweeps now, and from time to time. */
  start(): void {
    const look = () => {
      this.#sweeping ??= this.sweep().finally(() => {
        this.#sweeping = null
      })
    }
    this.#timer = setInterval(look, interval)
    look()
  }

  /** Finishes the batch it is at. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#sweeping
  }

  /** Everything that is due; one sweep that fails does not keep the others from theirs. */
  async sweep(): Promise<void> {
    for (const [table, sweep] of Object.entries(sweeps)) {
      try {
        while (!this.#stopped && (await sweep(this.#options.db, batch)) === batch) await pause(breath)
      } catch (error) {
        this.#options.log.warn({ err: error, table }, 'a table could not be swept')
      }
    }
  }
}

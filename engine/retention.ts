/**
 * Deletes what has been kept long enough, in the background and never in a request: each sweep deletes a few rows in a transaction of
 * its own, and is repeated until it finds no more. Any number of processes may sweep at once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '../db/connect.ts'
import { sweepTriggerIds } from '../transactions/intake/sweepTriggerIds.ts'
import { sweepVerifications } from '../transactions/ledger/sweepVerifications.ts'
import { sweepIdempotencyKeys } from '../transactions/sweepIdempotencyKeys.ts'
import { Periodic } from './periodic.ts'

/** Deletes at most `most` rows, the oldest first. @returns how many it deleted */
export type Sweep = (db: Db, most: number) => Promise<number>

const sweeps: Readonly<Record<string, Sweep>> = {
  trigger_ids: sweepTriggerIds,
  ledger_verifications: sweepVerifications,
  idempotency_keys: sweepIdempotencyKeys,
}

/** Milliseconds between two looks. */
const interval = 60_000
/** Rows a transaction deletes. */
const batch = 500
/** Milliseconds between two batches: requests go first. */
const breath = 50

export class Retention {
  readonly #options: { db: Db; log: Logger }
  readonly #work: Periodic

  constructor(options: { db: Db; log: Logger }) {
    this.#options = options
    this.#work = new Periodic(interval, () => this.sweep())
  }

  /** Sweeps now, and from time to time. */
  start(): void {
    this.#work.start()
  }

  /** Finishes the batch it is at. */
  async stop(): Promise<void> {
    await this.#work.stop()
  }

  /** Everything that is due; one sweep that fails does not keep the others from theirs. */
  async sweep(): Promise<void> {
    for (const [table, sweep] of Object.entries(sweeps)) {
      try {
        while (!this.#work.stopped && (await sweep(this.#options.db, batch)) === batch) await pause(breath)
      } catch (error) {
        this.#options.log.warn({ err: error, table }, 'a table could not be swept')
      }
    }
  }
}

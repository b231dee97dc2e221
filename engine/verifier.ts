/**
 * Works on verifications of the whole ledger in the background. Every process runs one; the database lets one of them at a
 * time work on a job, and another take over where that one died.
 */
import type { Logger } from 'pino'
import { newId } from '../db/ids.ts'
import type { Deps } from '../transactions/deps.ts'
import { advanceVerification } from '../transactions/ledger/verification.ts'

/** Milliseconds between two looks for a job. */
const interval = 2_000

export class Verifier {
  readonly #deps: Deps
  readonly #log: Logger
  readonly #holder = newId()
  #timer: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  #stopped = false

  constructor(options: { deps: Deps; log: Logger }) {
    this.#deps = options.deps
    this.#log = options.log
  }

  /** Looks now, and from time to time. */
  start(): void {
    const look = () => {
      this.#working ??= this.#work().finally(() => {
        this.#working = null
      })
    }
    this.#timer = setInterval(look, interval)
    look()
  }

  /** Finishes its range; another process goes on after it. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#working
  }

  async #work(): Promise<void> {
    try {
      while (!this.#stopped && (await advanceVerification(this.#deps, this.#holder))) {
        // range after range, until nothing is due
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'Could not look for a verification of the ledger.')
    }
  }
}

/**
 * Verifies the whole ledger in the background. Every process runs a verifier; the database lets one of them at a time work on a job. If
 * its process dies, another takes over.
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

  /** Looks for a job now, and then at an interval. */
  start(): void {
    const look = () => {
      this.#working ??= this.#work().finally(() => {
        this.#working = null
      })
    }
    this.#timer = setInterval(look, interval)
    look()
  }

  /** Finishes the current range; another process continues after it. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#working
  }

  async #work(): Promise<void> {
    try {
      while (!this.#stopped && (await advanceVerification(this.#deps, this.#holder))) {
        // Verifies range after range until no job is due.
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'Could not look for a verification of the ledger.')
    }
  }
}

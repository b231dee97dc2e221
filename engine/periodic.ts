/** Runs background work at an interval, one round at a time. All background work starts and stops through this class. */
import { AsyncLocalStorage } from 'node:async_hooks'

export class Periodic {
  /** Runs a round outside the request that may have nudged it: the round inherits neither the request's deadline nor its trace. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #round: () => Promise<void>
  readonly #interval: number
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #again = false
  #stopped = false

  /**
   * @param interval milliseconds between two rounds, unless a nudge comes earlier
   * @param round must not throw; a long round checks `stopped` between its steps
   */
  constructor(interval: number, round: () => Promise<void>) {
    this.#interval = interval
    this.#round = round
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Runs the first round at once. */
  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.#interval)
    this.#begin()
  }

  /** Runs a round now, or right after the current one. */
  nudge(): void {
    if (this.#running !== null) this.#again = true
    this.#begin()
  }

  /** Starts no further round. Resolves when the current round has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#running
  }

  #begin(): void {
    if (this.#stopped || this.#running !== null) return
    this.#again = false
    this.#running = this.#outside(this.#round).finally(() => {
      this.#running = null
      if (this.#again) this.#begin()
    })
  }
}

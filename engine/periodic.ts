/** Background work at an interval, one round at a time: the one way to start and stop it. */
import { AsyncLocalStorage } from 'node:async_hooks'

export class Periodic {
  /** A round belongs to no request, though one may have asked for it: neither its deadline nor its trace goes with it. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #round: () => Promise<void>
  readonly #interval: number
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #again = false
  #stopped = false

  /**
   * @param interval milliseconds between two rounds that nobody asked for
   * @param round must not throw; a long one looks at `stopped` between its steps
   */
  constructor(interval: number, round: () => Promise<void>) {
    this.#interval = interval
    this.#round = round
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Begins with a round. */
  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.#interval)
    this.#begin()
  }

  /** A round now, or another one right after the one that runs. */
  nudge(): void {
    if (this.#running !== null) this.#again = true
    this.#begin()
  }

  /** No further round; resolves when the one that runs has ended. */
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

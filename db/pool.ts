/**
 * Hands connections to transactions, one transaction at a time each. A caller that finds none free waits in line. The line is
 * bounded, and so is the time in it: a slow or frozen database costs callers a quick refusal, and this process no memory.
 */
import { countBusy, observeWait } from '../telemetry/database.ts'
import { DatabaseAway } from './away.ts'
import { currentDeadline } from './deadline.ts'
import type { Slot } from './slot.ts'

type Waiter = { take: (slot: Slot) => void; refuse: (reason: DatabaseAway) => void }

export type QueueLimits = {
  /** Most callers in line. */
  waiting: number
  /** Milliseconds a caller waits at most. */
  wait: number
}

export class Pool {
  readonly #slots: readonly Slot[]
  readonly #limits: QueueLimits
  readonly #free: Slot[]
  readonly #line = new Set<Waiter>()
  #ending: (() => void) | null = null
  #waited = 0

  constructor(slots: readonly Slot[], limits: QueueLimits) {
    this.#slots = slots
    this.#limits = limits
    this.#free = [...slots]
  }

  /** Runs `work` on a connection of its own. @throws DatabaseAway where there is none in time */
  async lease<T>(work: (slot: Slot) => Promise<T>): Promise<T> {
    const slot = await this.#take()
    const done = slot.begin()
    const forget = currentDeadline()?.onPass((reason) => slot.cut(reason))
    try {
      return await work(slot)
    } finally {
      forget?.()
      done()
      this.#give(slot)
    }
  }

  /** How busy it is now. */
  get use(): { size: number; busy: number; waiting: number; waited: number } {
    const size = this.#slots.length
    return { size, busy: size - this.#free.length, waiting: this.#line.size, waited: this.#waited }
  }

  /** Refuses everybody from now on; resolves once nothing is under way. */
  async end(): Promise<void> {
    for (const waiter of this.#line) waiter.refuse(ended())
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ending = resolve
    if (this.#free.length === this.#slots.length) resolve()
    await promise
  }

  async #take(): Promise<Slot> {
    if (this.#ending !== null) throw ended()
    if (this.#slots.length === 0)
      throw new RangeError('this pool is for single reads: it carries no transactions')
    const deadline = currentDeadline()
    deadline?.check()
    const slot = this.#free.pop()
    if (slot !== undefined) return slot
    if (this.#line.size >= this.#limits.waiting) {
      countBusy()
      throw new DatabaseAway('DATABASE_BUSY', 'too many requests are waiting for the database')
    }
    const { promise, resolve, reject } = Promise.withResolvers<Slot>()
    const waiter: Waiter = {
      take: resolve,
      refuse: (reason) => {
        // Out of the line in the same moment, so that nobody hands a connection to a caller that is gone.
        this.#line.delete(waiter)
        reject(reason)
      },
    }
    const late = new DatabaseAway('DATABASE_BUSY', 'no database connection became free in time')
    const began = performance.now()
    const timer = setTimeout(() => {
      countBusy()
      waiter.refuse(late)
    }, this.#limits.wait)
    const forget = deadline?.onPass(waiter.refuse)
    this.#line.add(waiter)
    this.#waited += 1
    try {
      return await promise
    } finally {
      observeWait((performance.now() - began) / 1_000)
      clearTimeout(timer)
      forget?.()
    }
  }

  #give(slot: Slot): void {
    // Sets keep their order: whoever came first is first.
    const [next] = this.#line
    if (next !== undefined && this.#ending === null) {
      this.#line.delete(next)
      next.take(slot)
      return
    }
    this.#free.push(slot)
    if (this.#free.length === this.#slots.length) this.#ending?.()
  }
}

function ended(): DatabaseAway {
  return new DatabaseAway('CONNECTION_ENDED', 'the process is stopping')
}

/**
 * Leases connections to transactions, one transaction per connection at a time. If no connection is free, the caller waits in a queue.
 * The queue's length and the time in it are bounded: if the database is slow or frozen, callers are refused quickly and memory use does
 * not grow.
 */
import { countBusy, observeWait } from '../telemetry/database.ts'
import { DatabaseAway } from './away.ts'
import { currentDeadline } from './deadline.ts'
import type { Slot } from './slot.ts'

type Waiter = { take: (slot: Slot) => void; refuse: (reason: DatabaseAway) => void }

export type QueueLimits = {
  /** Most callers in the queue. */
  waiting: number
  /** Longest wait of a caller, in milliseconds. */
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

  /** Runs `work` on a leased connection. @throws DatabaseAway if none becomes free in time */
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

  /** How busy the pool is now. */
  get use(): { size: number; busy: number; waiting: number; waited: number } {
    const size = this.#slots.length
    return { size, busy: size - this.#free.length, waiting: this.#line.size, waited: this.#waited }
  }

  /** Refuses new callers; resolves when the work in progress has ended. */
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
        // Leaves the queue at the same moment, so that no connection is given to a caller that is gone.
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
    // A Set keeps insertion order, so this is the caller that has waited longest.
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

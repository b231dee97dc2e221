/**
 * A deadline for all database work of one request. It follows the asynchronous call chain (`AsyncLocalStorage`), so no function has to
 * pass it on. After the deadline, waiting for a connection ends, the connection of an open transaction is closed (Postgres then rolls it
 * back), and no new statement is sent.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { DatabaseAway } from './away.ts'

export class Deadline {
  readonly #timer: NodeJS.Timeout
  readonly #listeners = new Set<(reason: DatabaseAway) => void>()
  #passed: DatabaseAway | null = null

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#pass(), milliseconds)
  }

  /** @throws DatabaseAway `DEADLINE_PASSED` */
  check(): void {
    if (this.#passed !== null) throw this.#passed
  }

  /** Calls `listener` once when the deadline passes. @returns a function that removes the listener */
  onPass(listener: (reason: DatabaseAway) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The work is done. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  #pass(): void {
    this.#passed = new DatabaseAway('DEADLINE_PASSED', 'the database took longer than this request may take')
    for (const listener of this.#listeners) listener(this.#passed)
    this.#listeners.clear()
  }
}

const current = new AsyncLocalStorage<Deadline>()

/** The deadline of the current request, if it has one. */
export function currentDeadline(): Deadline | undefined {
  return current.getStore()
}

/**
 * Runs `work`, and everything it calls, under a new deadline that replaces any outer one.
 * @returns a function to call when the work is done
 */
export function beginUnderDeadline(milliseconds: number, work: () => void): () => void {
  const deadline = new Deadline(milliseconds)
  current.run(deadline, work)
  return () => deadline.clear()
}

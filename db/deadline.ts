/**
 * A deadline for all database work of one request. It travels with the asynchronous call chain, so nothing has to pass it on. Once
 * it has passed, waiting for a connection ends, the connection of an open transaction is closed (Postgres then rolls it back), and
 * no new statement is sent.
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

  /** Calls back once when the deadline passes; answers how to stop listening. */
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

/** The deadline of the request that is being served, if there is one. */
export function currentDeadline(): Deadline | undefined {
  return current.getStore()
}

/**
 * Begins `work`, and all that follows from it, under a deadline, which replaces the one outside it.
 * @returns how to say that the work is done
 */
export function beginUnderDeadline(milliseconds: number, work: () => void): () => void {
  const deadline = new Deadline(milliseconds)
  current.run(deadline, work)
  return () => deadline.clear()
}

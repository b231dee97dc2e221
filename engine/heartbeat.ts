/**
 * A worker's sign of life: a row in the database, which the API's `/readyz` reads. Without it nobody would notice from outside that
 * messages wait because no worker runs, or because none reaches the mail server.
 */
import { newId } from '../db/ids.ts'
import type { MailStanding } from '../db/schema/workers.ts'
import type { Deps } from '../transactions/deps.ts'
import { beat, leave } from '../transactions/workers/beat.ts'

export type HeartbeatOptions = {
  deps: Deps
  taskQueue: string
  /** Tries the mail server; null: that could not be found out, as where all connections are busy. Never throws. */
  probe: () => Promise<MailStanding | null>
  /** Milliseconds between two signs of life. */
  interval?: number
}

/** Signs of life between two tries of the mail server. */
const beatsPerProbe = 3

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #id = newId()
  #mail: MailStanding | null = null
  #beats = 0
  #timer: NodeJS.Timeout | null = null
  #beating: Promise<void> | null = null

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  start(): void {
    const next = () => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = null
      })
    }
    this.#timer = setInterval(next, this.#options.interval ?? 10_000)
    next()
  }

  /** Takes leave, so that nobody counts on this worker any more. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#beating
    await this.#safely(() => leave(this.#options.deps, this.#id))
  }

  async #beat(): Promise<void> {
    const { deps, taskQueue, probe } = this.#options
    const write = () => beat(deps, { id: this.#id, taskQueue, mail: this.#mail })
    // First that it lives: trying the mail server may take its time.
    await this.#safely(write)
    if (this.#beats++ % beatsPerProbe !== 0) return
    const found = await probe()
    if (found === null) return
    this.#mail = found
    await this.#safely(write)
  }

  /** A database that is away for a moment is no reason for a worker to end. */
  async #safely(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.#options.deps.log.warn({ err: error }, 'the sign of life could not be written')
    }
  }
}

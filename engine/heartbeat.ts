/**
 * A worker's heartbeat: a row in the database, which the API's `/readyz` reads. It shows operators that messages are waiting because no
 * worker runs, or because no worker reaches a channel's provider.
 */
import { newId } from '../db/ids.ts'
import type { ChannelStandings } from '../domain/delivery/channelStanding.ts'
import type { Deps } from '../transactions/deps.ts'
import { beat, leave } from '../transactions/workers/beat.ts'

export type HeartbeatOptions = {
  deps: Deps
  taskQueue: string
  /** Probes the channels' providers. A channel that could not be probed (all connections are busy) is left out. Never throws. */
  probe: () => Promise<ChannelStandings>
  /** Milliseconds between two heartbeats. */
  interval?: number
}

/** Heartbeats between two probes. */
const beatsPerProbe = 3

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #id = newId()
  #channels: ChannelStandings = {}
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

  /** Deletes the row, so that this worker is no longer counted. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#beating
    await this.#safely(() => leave(this.#options.deps, this.#id))
  }

  async #beat(): Promise<void> {
    const { deps, taskQueue, probe } = this.#options
    const write = () => beat(deps, { id: this.#id, taskQueue, channels: this.#channels })
    // The heartbeat comes first, because a probe may be slow.
    await this.#safely(write)
    if (this.#beats++ % beatsPerProbe !== 0) return
    this.#channels = { ...this.#channels, ...(await probe()) }
    await this.#safely(write)
  }

  /** Logs a failure instead of throwing: a worker must survive a short outage of the database. */
  async #safely(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.#options.deps.log.warn(
        { err: error },
        'The heartbeat of this worker could not be written. It is tried again.',
      )
    }
  }
}

/**
 * Tells Temporal, and the intake, what the outbox holds. After a commit it is nudged; what a crash left, its sweep finds. Rows of
 * one stream are heard in their order, a run's start first, whichever process takes them. A row is deleted once it was heard;
 * one that was not is tried again, later and later.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { inArray, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { outbox } from '../db/schema/triggers.ts'
import type { Nudge } from '../domain/journey/signals.ts'
import type { House } from '../transactions/house.ts'
import { takeOwnEvent } from '../transactions/intake/takeOwnEvent.ts'
import { outboxSignalShape, outboxStartShape, outboxTriggerShape } from '../transactions/outbox.ts'
import { startWorkflow } from './starts.ts'

type OutboxRow = typeof outbox.$inferSelect

export type DispatcherOptions = {
  house: House
  client: Client
  taskQueue: string
  log: Logger
  /** Milliseconds between sweeps. */
  interval?: number
}

/** Rows taken at once. */
const batch = 50
/** Seconds the engine may take to answer one call. */
const patience = 5
/** Longest pause between two tries of one row, in seconds. */
const longestPause = 60

export class Dispatcher {
  readonly #options: DispatcherOptions
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #again = false
  #stopped = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.nudge(), this.#options.interval ?? 1_000)
    this.nudge()
  }

  /** Something was committed: look now. Returns at once. */
  nudge(): void {
    if (this.#stopped) return
    if (this.#running !== null) {
      this.#again = true
      return
    }
    this.#running = this.#work().finally(() => {
      this.#running = null
      if (this.#again) {
        this.#again = false
        this.nudge()
      }
    })
  }

  /** Finishes what it is at, and takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#running
  }

  async #work(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#takeBatch()) > 0) {
        // until a look finds nothing due
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'the outbox could not be read')
    }
  }

  /** @returns how many rows were heard */
  async #takeBatch(): Promise<number> {
    return this.#options.house.db.transaction(async (tx) => {
      const earlier = sql`select from outbox earlier where earlier.stream = ${outbox.stream} and earlier.id < ${outbox.id}`
      const rows = await tx
        .select()
        .from(outbox)
        .where(sql`${outbox.nextAttemptAt} <= clock_timestamp() and not exists (${earlier})`)
        .orderBy(outbox.id)
        .limit(batch)
        .for('update', { skipLocked: true })
      if (rows.length === 0) return 0
      const results = await Promise.allSettled(rows.map((row) => this.#tell(row)))
      const heard = rows.filter((_, index) => results[index]?.status === 'fulfilled').map((row) => row.id)
      if (heard.length > 0) await tx.delete(outbox).where(inArray(outbox.id, heard))
      for (const [index, result] of results.entries()) {
        const row = rows[index]
        if (row === undefined || result.status === 'fulfilled') continue
        this.#options.log.warn(
          { err: result.reason, stream: row.stream, kind: row.kind },
          'the outbox was not heard',
        )
        const pause = Math.min(2 ** row.attempts, longestPause)
        await tx
          .update(outbox)
          .set({
            attempts: row.attempts + 1,
            nextAttemptAt: sql`clock_timestamp() + make_interval(secs => ${pause})`,
            lastError: result.reason instanceof Error ? result.reason.name : 'unknown',
          })
          .where(inArray(outbox.id, [row.id]))
      }
      return heard.length
    })
  }

  async #tell(row: OutboxRow): Promise<void> {
    const { client, taskQueue } = this.#options
    switch (row.kind) {
      case 'start': {
        const start = outboxStartShape.parse(row.body)
        return client.withDeadline(Date.now() + patience * 1_000, () =>
          startWorkflow(client, taskQueue, start),
        )
      }
      case 'signal': {
        const { workflow, nudge } = outboxSignalShape.parse(row.body)
        return client.withDeadline(Date.now() + patience * 1_000, () => this.#signal(workflow, nudge))
      }
      case 'trigger':
        return this.#take(row)
      default:
        return row.kind satisfies never
    }
  }

  /** The stream's start was told before this row came up, so a workflow that is not found has closed: recovery looks after its row. */
  async #signal(workflow: string, nudge: Nudge): Promise<void> {
    try {
      await this.#options.client.workflow.getHandle(workflow).signal('nudge', nudge)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }

  async #take(row: OutboxRow): Promise<void> {
    await takeOwnEvent(this.#options.house, outboxTriggerShape.parse(row.body))
    // What the event started is in the outbox by now.
    this.#again = true
  }
}

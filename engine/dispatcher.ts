/**
 * Tells Temporal, and the intake, what the outbox holds. After a commit it is nudged; what a crash left, its sweep finds. Rows of
 * one stream are heard in their order, a run's start first, whichever process takes them. A row is deleted once it was heard;
 * one that was not is tried again, later and later.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { inArray, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { readWorkflowId } from '../db/reads/workflowId.ts'
import { outbox } from '../db/schema/triggers.ts'
import type { Plan } from '../domain/journey/plan.ts'
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
        const plan = start.workflow === 'journey' ? await this.#plan(start) : null
        return client.withDeadline(Date.now() + patience * 1_000, () =>
          startWorkflow(client, taskQueue, start, plan),
        )
      }
      case 'signal': {
        const { workflow, nudge } = outboxSignalShape.parse(row.body)
        return client.withDeadline(Date.now() + patience * 1_000, () =>
          this.#signal(row.stream, workflow, nudge),
        )
      }
      case 'trigger':
        return this.#take(row)
      default:
        return row.kind satisfies never
    }
  }

  async #plan({ journey, version }: { journey: string; version: number }): Promise<Plan> {
    const { db, versions } = this.#options.house
    return (await versions.journey(db, journey, version)).plan
  }

  /**
   * The stream's start was told before this row came up, so a workflow that is not found has ended, or was started by version 0.2
   * under the bare id of its run or request, which is the stream.
   */
  async #signal(stream: string, workflow: string | null, nudge: Nudge): Promise<void> {
    const named = workflow ?? (await readWorkflowId(this.#options.house.db, stream))
    if (named !== null && (await this.#nudgeWorkflow(named, nudge))) return
    await this.#nudgeWorkflow(stream, nudge)
  }

  /** @returns whether there is such a workflow, and it has not ended */
  async #nudgeWorkflow(workflowId: string, nudge: Nudge): Promise<boolean> {
    try {
      await this.#options.client.workflow.getHandle(workflowId).signal('nudge', nudge)
      return true
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      return false
    }
  }

  async #take(row: OutboxRow): Promise<void> {
    await takeOwnEvent(this.#options.house, outboxTriggerShape.parse(row.body))
    // What the event started is in the outbox by now.
    this.#again = true
  }
}

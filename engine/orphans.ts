/**
 * What lost its workflow: terminated or cancelled in the Temporal UI, timed out, failed. Nobody else would end such a run in the
 * database, where it would count as under way for ever and keep its contact from entering again; nobody would expire such a double
 * opt-in, which shows by its time alone.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { and, inArray } from 'drizzle-orm'
import type { Logger } from 'pino'
import { overdueDoubleOptIns } from '../db/reads/doubleOptIns.ts'
import { runs } from '../db/schema/journeys.ts'
import { runOfWorkflow } from '../domain/workflowIds.ts'
import { advanceRequest } from '../transactions/doubleOptIns/advanceRequest.ts'
import { postponeSettling } from '../transactions/doubleOptIns/postponeSettling.ts'
import type { House } from '../transactions/house.ts'
import { cancelFromTemporal } from '../transactions/runs/endRun.ts'
import { Periodic } from './periodic.ts'

export type OrphanOptions = { house: House; client: Client; log: Logger }

/** Milliseconds between two looks. */
const interval = 60_000
/** What a look goes back behind the one before: the engine lists what ended with some delay. */
const overlap = 10 * 60_000
/** Workflows asked about at a time. */
const batch = 200

export class OrphanWatch {
  readonly #options: OrphanOptions
  readonly #work: Periodic
  /** When the last look began that came to its end; the first goes back as far as the engine remembers. */
  #seen: number | null = null

  constructor(options: OrphanOptions) {
    this.#options = options
    this.#work = new Periodic(interval, () => this.#lookSafely())
  }

  /** Looks now, and from time to time. */
  start(): void {
    this.#work.start()
  }

  /** Finishes what it is asking just now. */
  async stop(): Promise<void> {
    await this.#work.stop()
  }

  async #lookSafely(): Promise<void> {
    for (const part of [() => this.expireOverdue(), () => this.look()]) {
      try {
        await part()
      } catch (error) {
        this.#options.log.warn({ err: error }, 'could not look for what lost its workflow')
      }
    }
  }

  /** @returns the runs it ended */
  async look(): Promise<string[]> {
    const began = Date.now()
    const ended: string[] = []
    /** Workflow ids by run. */
    let closed = new Map<string, string>()
    let whole = true
    const settle = async () => {
      for (const run of await this.#underWay([...closed.keys()])) {
        if (this.#work.stopped) return
        const workflowId = closed.get(run) ?? run
        // One that cannot be asked about does not keep the others waiting; the next look comes back to it.
        const done = await this.#end(run, workflowId).catch((error: unknown) => this.#failed(run, error))
        if (done === true) ended.push(run)
        if (done === 'failed') whole = false
      }
      closed = new Map()
    }
    const since =
      this.#seen === null ? '' : ` and CloseTime > "${new Date(this.#seen - overlap).toISOString()}"`
    const query = `WorkflowType = "journey" and ExecutionStatus in ("Terminated", "Canceled", "TimedOut", "Failed")${since}`
    for await (const { workflowId } of this.#options.client.workflow.list({ query })) {
      if (this.#work.stopped) return ended
      const run = runOfWorkflow(workflowId)
      if (run === null) continue
      closed.set(run, workflowId)
      if (closed.size === batch) await settle()
    }
    await settle()
    if (whole && !this.#work.stopped) this.#seen = began
    return ended
  }

  /** Those of ours that have not ended in the database. */
  async #underWay(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const rows = await this.#options.house.db
      .select({ id: runs.id })
      .from(runs)
      .where(and(inArray(runs.id, [...ids]), inArray(runs.state, ['running', 'waiting', 'paused'])))
    return rows.map((row) => row.id)
  }

  async #end(run: string, workflowId: string): Promise<boolean> {
    const { house, log } = this.#options
    const how = await this.#howItEnded(workflowId)
    if (how === null) return false
    const { reason } = await cancelFromTemporal(house, run)
    log.warn({ run, reason, how }, 'a run without a workflow was ended')
    return true
  }

  /** Null where it goes on after all: one that was reset has the same id. */
  async #howItEnded(workflowId: string): Promise<string | null> {
    try {
      const { status } = await this.#options.client.workflow.getHandle(workflowId).describe()
      return reasons.get(status.name) ?? null
    } catch (error) {
      // Still listed, and deleted by now.
      if (error instanceof WorkflowNotFoundError) return 'deleted'
      throw error
    }
  }

  #failed(id: string, error: unknown): 'failed' {
    this.#options.log.warn({ err: error, id }, 'could not end what lost its workflow')
    return 'failed'
  }

  /** @returns the requests whose time was over long ago, and that nobody had expired */
  async expireOverdue(): Promise<string[]> {
    const expired: string[] = []
    for (;;) {
      // Each of a batch is settled or postponed, so the next look finds others.
      const overdue = await overdueDoubleOptIns(this.#options.house.db, batch)
      for (const id of overdue) {
        if (this.#work.stopped) return expired
        if (await this.#expire(id)) expired.push(id)
      }
      if (overdue.length < batch) return expired
    }
  }

  async #expire(id: string): Promise<boolean> {
    const { house } = this.#options
    try {
      const next = await advanceRequest(house, { request: id, now: new Date().toISOString() })
      if (next.do !== 'end') await postponeSettling(house, id)
      return next.do === 'end' && next.state === 'expired'
    } catch (error) {
      this.#failed(id, error)
      await postponeSettling(house, id)
      return false
    }
  }
}

const reasons = new Map([
  ['TERMINATED', 'terminated'],
  ['CANCELLED', 'cancelled'],
  ['TIMED_OUT', 'timed-out'],
  ['FAILED', 'failed'],
])

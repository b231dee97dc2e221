/**
 * What lost its workflow: terminated or cancelled in the Temporal UI, timed out, failed. Nobody else would end such a run in the
 * database, where it would count as under way for ever and keep its contact from entering again; nobody would expire such a double
 * opt-in, which shows by its time alone.
 */
import type { Client } from '@temporalio/client'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { doubleOptIns } from '../db/schema/doubleOptIns.ts'
import { runs } from '../db/schema/journeys.ts'
import { settleDoubleOptIn } from '../transactions/doubleOptIns/settleDoubleOptIn.ts'
import type { House } from '../transactions/house.ts'
import { endRun } from '../transactions/runs/endRun.ts'

export type OrphanOptions = { house: House; client: Client; log: Logger }

/** Milliseconds between two looks. */
const interval = 60_000
/** What a look goes back behind the one before: the engine lists what ended with some delay. */
const overlap = 10 * 60_000
/** Workflows asked about at a time. */
const batch = 200

export class OrphanWatch {
  readonly #options: OrphanOptions
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #stopped = false
  /** When the last look began that came to its end; the first goes back as far as the engine remembers. */
  #seen: number | null = null

  constructor(options: OrphanOptions) {
    this.#options = options
  }

  /** Looks now, and from time to time. */
  start(): void {
    const look = () => {
      this.#looking ??= this.#lookSafely().finally(() => {
        this.#looking = null
      })
    }
    this.#timer = setInterval(look, interval)
    look()
  }

  /** Finishes what it is asking just now. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#looking
  }

  async #lookSafely(): Promise<void> {
    try {
      await this.look()
      await this.expireOverdue()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'could not look for what lost its workflow')
    }
  }

  /** @returns the runs it ended */
  async look(): Promise<string[]> {
    const began = Date.now()
    const ended: string[] = []
    let ids: string[] = []
    const settle = async () => {
      for (const id of await this.#underWay(ids)) {
        if (this.#stopped) return
        // One that cannot be asked about must not keep the others waiting.
        if (await this.#end(id).catch((error: unknown) => this.#failed(id, error))) ended.push(id)
      }
      ids = []
    }
    const since =
      this.#seen === null ? '' : ` and CloseTime > "${new Date(this.#seen - overlap).toISOString()}"`
    const query = `WorkflowType = "journey" and ExecutionStatus in ("Terminated", "Canceled", "TimedOut", "Failed")${since}`
    for await (const { workflowId } of this.#options.client.workflow.list({ query })) {
      ids.push(workflowId)
      if (ids.length === batch) await settle()
    }
    await settle()
    this.#seen = began
    return ended
  }

  /** Those of ours that have not ended in the database. */
  async #underWay(ids: readonly string[]): Promise<string[]> {
    const own = ids.filter((id) => uuid.test(id))
    if (own.length === 0) return []
    const rows = await this.#options.house.db
      .select({ id: runs.id })
      .from(runs)
      .where(and(inArray(runs.id, own), inArray(runs.state, ['running', 'waiting', 'paused'])))
    return rows.map((row) => row.id)
  }

  async #end(run: string): Promise<boolean> {
    const { client, house, log } = this.#options
    // One that was reset goes on under the same id.
    const { name } = (await client.workflow.getHandle(run).describe()).status
    const how = reasons.get(name)
    if (how === undefined) return false
    const now = new Date().toISOString()
    const end = { run, state: 'failed' as const, reason: `workflow-${how}`, step: null, visit: null, now }
    const { reason } = await endRun(house, end)
    if (reason !== end.reason) return false
    log.warn({ run, reason }, 'a run without a workflow was ended')
    return true
  }

  #failed(run: string, error: unknown): false {
    this.#options.log.warn({ err: error, run }, 'could not ask about a run without a workflow')
    return false
  }

  /** @returns the requests whose time was over long ago, and that nobody had expired */
  async expireOverdue(): Promise<string[]> {
    const { house } = this.#options
    const { state, clock, expiresAt } = doubleOptIns
    const overdue = await house.db
      .select({ id: doubleOptIns.id })
      .from(doubleOptIns)
      .where(
        and(
          eq(state, 'pending'),
          eq(clock, 'real'),
          sql`${expiresAt} < clock_timestamp() - interval '1 hour'`,
        ),
      )
      .limit(batch)
    const ids = overdue.map((row) => row.id)
    for (const id of ids) {
      if (this.#stopped) break
      await settleDoubleOptIn(house, id, new Date().toISOString())
    }
    return ids
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const reasons = new Map([
  ['TERMINATED', 'terminated'],
  ['CANCELLED', 'cancelled'],
  ['TIMED_OUT', 'timed-out'],
  ['FAILED', 'failed'],
])

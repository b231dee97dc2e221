/**
 * Runs whose workflow was ended from outside: terminated or cancelled in the Temporal UI, timed out, failed. Nobody else would end them
 * in the database, where they would count as under way for ever and keep their contact from entering again.
 */
import type { Client } from '@temporalio/client'
import { and, inArray } from 'drizzle-orm'
import type { Logger } from 'pino'
import { runs } from '../db/schema/journeys.ts'
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
  #looking: Promise<void> = Promise.resolve()
  /** When the last look began that came to its end; the first goes back as far as the engine remembers. */
  #seen: number | null = null

  constructor(options: OrphanOptions) {
    this.#options = options
  }

  /** Looks now, and from time to time. */
  start(): void {
    const look = () => {
      this.#looking = this.#looking.then(() => this.#lookSafely())
    }
    this.#timer = setInterval(look, interval)
    look()
  }

  /** Finishes the look it is at. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#looking
  }

  async #lookSafely(): Promise<void> {
    try {
      await this.look()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'could not look for runs without a workflow')
    }
  }

  /** @returns the runs it ended */
  async look(): Promise<string[]> {
    const began = Date.now()
    const ended: string[] = []
    let ids: string[] = []
    const settle = async () => {
      for (const id of await this.#underWay(ids)) if (await this.#end(id)) ended.push(id)
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
    log.warn({ run, reason }, 'a run without a workflow was ended')
    return reason === end.reason
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const reasons = new Map([
  ['TERMINATED', 'terminated'],
  ['CANCELLED', 'cancelled'],
  ['TIMED_OUT', 'timed-out'],
  ['FAILED', 'failed'],
])

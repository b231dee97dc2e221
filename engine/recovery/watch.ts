/**
 * Finds runs and requests that lost their workflow, and recovers them. Suspects come from four sources, none of which asks the engine
 * about every run: workflows that closed, rows that are past due, signals that found no workflow (`unheard.ts`), and, only after the
 * engine has changed, all open runs, at a fixed rate.
 *
 * Any number of processes may watch. A row in the database lets one of them work at a time; another continues where it stopped.
 */
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { newId } from '../../db/ids.ts'
import { type Source, type Suspect, suspectsOf, suspectsOfSweep } from '../../db/reads/suspects.ts'
import { hasChanged } from '../../domain/recovery/epoch.ts'
import { advanceSweep, beginSweep } from '../../domain/recovery/sweep.ts'
import { countRecovery } from '../../telemetry/journeys.ts'
import type { Deps } from '../../transactions/deps.ts'
import {
  holdRecovery,
  leaveRecovery,
  noteRecovery,
  type Watching,
} from '../../transactions/recovery/watching.ts'
import { Periodic } from '../periodic.ts'
import { countOn, readEpoch } from './beacon.ts'
import { closedSuspects } from './closed.ts'
import { expireOverdue } from './expire.ts'
import { inPace } from './pace.ts'
import { type Means, type Outcome, type Reason, recover } from './recover.ts'

export type RecoveryOptions = {
  deps: Deps
  client: Client
  taskQueue: string
  log: Logger
  /** Runs checked per second. */
  rate?: number
}

/** Suspects by outcome, in this process so far. `failed`: the engine or the database did not answer. */
export type RecoveryCounts = Record<Outcome | 'failed', number>

/** Milliseconds between two looks. */
const interval = 60_000
/** Milliseconds that a sweep may take of one look. The next look starts again with closed workflows and rows past due. */
const sweepTime = 45_000
/** Rows per page. */
const page = 200
/** Every how many looks stalled runs are searched, which reads all work in progress. */
const looksPerStall = 10

const everyLook: readonly (readonly [Source, Reason])[] = [
  ['againRuns', 'closed'],
  ['againRequests', 'closed'],
  ['dueDeliveries', 'overdue'],
  ['dueWaits', 'overdue'],
  ['dueReminders', 'overdue'],
]

export class RecoveryWatch {
  readonly counts: RecoveryCounts = { left: 0, nudged: 0, started: 0, ended: 0, parked: 0, failed: 0 }
  readonly #options: RecoveryOptions
  readonly #means: Means
  readonly #rate: number
  readonly #holder = newId()
  readonly #work: Periodic
  #looks = 0

  constructor(options: RecoveryOptions) {
    this.#options = options
    this.#means = options
    this.#rate = options.rate ?? 50
    this.#work = new Periodic(interval, async () => {
      await this.look()
    })
  }

  /** Looks now, and then at an interval. */
  start(): void {
    this.#work.start()
  }

  /** Finishes the suspects it is checking. */
  async stop(): Promise<void> {
    await this.#work.stop()
    await this.#safely('leave', () => leaveRecovery(this.#options.deps, this.#holder))
  }

  /** @returns false if another process is looking */
  async look(): Promise<boolean> {
    const { deps } = this.#options
    const watching = await this.#safely('hold', () => holdRecovery(deps, this.#holder))
    if (watching == null) return false
    await this.#safely('expire', () => expireOverdue(deps, () => this.#work.stopped))
    const engine = await this.#safely('recognise the engine', () => this.#recognise(watching))
    // Without an answer from the engine nothing can be concluded about any run.
    if (engine !== true) return true
    const sources = [...everyLook]
    if (this.#looks++ % looksPerStall === 0) sources.push(['stalledRuns', 'overdue'])
    for (const [source, reason] of sources) await this.#safely(source, () => this.#lookAt(source, reason))
    await this.#safely('closed', () => this.#lookAtClosed())
    await this.#safely('sweep', () => this.#sweep())
    return true
  }

  /** Records the engine's identity, and begins a sweep if it has changed. */
  async #recognise(known: Watching): Promise<true> {
    const { deps, client, taskQueue, log } = this.#options
    const epoch = await readEpoch(client, taskQueue)
    if (hasChanged(known, epoch)) {
      log.warn(
        { ...epoch },
        'Temporal is new, or was restored to an earlier state. All open runs are checked.',
      )
      // Workflows that closed on the changed engine are listed again too.
      const sweep = beginSweep(new Date().toISOString())
      await noteRecovery(deps, this.#holder, { ...epoch, sweep, closedUntil: null })
    } else {
      await noteRecovery(deps, this.#holder, epoch)
    }
    await countOn(client, taskQueue, epoch)
    return true
  }

  async #lookAt(source: Source, reason: Reason): Promise<void> {
    const { db } = this.#options.deps
    let after: [string, string] | null = null
    // The row is held again for each page, because a look may take long.
    while (!this.#work.stopped && (await holdRecovery(this.#options.deps, this.#holder)) !== null) {
      const { suspects, last } = await suspectsOf(db, source, after, page)
      if (last === null || !(await this.#recover(suspects, reason))) return
      after = last
    }
  }

  async #lookAtClosed(): Promise<void> {
    const { deps, client } = this.#options
    if (this.#work.stopped) return
    const began = new Date().toISOString()
    const watching = await holdRecovery(deps, this.#holder)
    if (watching === null) return
    const failed = this.counts.failed
    for await (const suspects of closedSuspects(deps.db, client, watching.closedUntil)) {
      if (!(await this.#recover(suspects, 'closed'))) return
    }
    // Suspects that could not be checked are listed again by the next look.
    if (this.counts.failed === failed) await noteRecovery(deps, this.#holder, { closedUntil: began })
  }

  /** Continues the sweep for at most `sweepTime`; the next look resumes it. */
  async #sweep(): Promise<void> {
    const { deps, log } = this.#options
    const end = performance.now() + sweepTime
    while (!this.#work.stopped && performance.now() < end) {
      const watching = await holdRecovery(deps, this.#holder)
      if (watching === null || watching.sweep === null) return
      const { suspects, last } = await suspectsOfSweep(deps.db, watching.sweep, page)
      const failed = this.counts.failed
      if (!(await this.#recover(suspects, 'swept'))) return
      // The engine is unreachable again: the next look repeats the page.
      if (suspects.length > 0 && this.counts.failed - failed === suspects.length) return
      const sweep = advanceSweep(watching.sweep, suspects.length, last)
      await noteRecovery(deps, this.#holder, { sweep })
      if (sweep === null) log.info({ seen: watching.sweep.seen }, 'All open runs were checked.')
    }
  }

  /** @returns whether all were checked; a suspect that cannot be checked does not delay the others */
  #recover(suspects: readonly Suspect[], reason: Reason): Promise<boolean> {
    return inPace(suspects, { rate: this.#rate, stopped: () => this.#work.stopped }, async (suspect) => {
      const outcome = await this.#safely('recover', () => recover(this.#means, suspect, reason))
      this.counts[outcome ?? 'failed'] += 1
      countRecovery(outcome ?? 'failed')
    })
  }

  async #safely<T>(what: string, part: () => Promise<T>): Promise<T | null> {
    try {
      return await part()
    } catch (error) {
      this.#options.log.warn({ err: error, what }, 'Recovery could not check everything. It tries again.')
      return null
    }
  }
}

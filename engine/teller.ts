/** Tells Temporal, or the intake, what one row of the outbox says. Telling it twice does no harm. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { readWorkflowId } from '../db/reads/workflowId.ts'
import type { Plan } from '../domain/journey/plan.ts'
import type { Nudge } from '../domain/journey/signals.ts'
import type { House } from '../transactions/house.ts'
import { takeOwnEvent } from '../transactions/intake/takeOwnEvent.ts'
import { outboxSignalShape, outboxStartShape, outboxTriggerShape } from '../transactions/outbox.ts'
import type { OutboxRow } from '../transactions/outboxLeases.ts'
import { startWorkflow } from './starts.ts'

export type TellerOptions = { house: House; client: Client; taskQueue: string }

/** Seconds the engine may take to answer one call. */
const patience = 5

export class Teller {
  readonly #options: TellerOptions

  constructor(options: TellerOptions) {
    this.#options = options
  }

  async tell(row: OutboxRow): Promise<void> {
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
        return takeOwnEvent(this.#options.house, outboxTriggerShape.parse(row.body))
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
}

/** Delivers one row of the outbox to Temporal or to the intake. Idempotent: a row may be delivered twice. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Nudge } from '../domain/journey/signals.ts'
import type { Deps } from '../transactions/deps.ts'
import { takeOwnEvent } from '../transactions/intake/takeOwnEvent.ts'
import { outboxSignalShape, outboxStartShape, outboxTriggerShape } from '../transactions/outbox.ts'
import type { OutboxRow } from '../transactions/outboxLeases.ts'
import { recoverUnheard } from './recovery/unheard.ts'
import { startWorkflow } from './starts.ts'

export type TellerOptions = { deps: Deps; client: Client; taskQueue: string }

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
        return client.withDeadline(Date.now() + patience * 1_000, () =>
          startWorkflow(client, taskQueue, start),
        )
      }
      case 'signal': {
        const { workflow, nudge } = outboxSignalShape.parse(row.body)
        return client.withDeadline(Date.now() + patience * 1_000, () => this.#signal(workflow, nudge))
      }
      case 'trigger':
        return takeOwnEvent(this.#options.deps, outboxTriggerShape.parse(row.body))
      default:
        return row.kind satisfies never
    }
  }

  /** The stream's start was delivered before this row, so a workflow that is not found is gone, and its run is recovered. */
  async #signal(workflow: string, nudge: Nudge): Promise<void> {
    try {
      await this.#options.client.workflow.getHandle(workflow).signal('nudge', nudge)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      await recoverUnheard(this.#options, workflow)
    }
  }
}

/**
 * Keeps personal data out of failures: what an activity throws ends up in the workflow's history in plain text, and a database
 * error quotes the values of its statement. Only failures made to be shown keep their message; of all others only the kind is
 * told, and the rest goes to our own log.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker'
import type { Logger } from 'pino'
import { MachineError } from '../domain/journey/machineError.ts'

export class Discretion implements ActivityInboundCallsInterceptor {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input)
    } catch (error) {
      if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error
      const kind = error instanceof Error ? error.name : 'unknown'
      this.#log.error({ err: error }, 'an activity failed')
      const told = `${kind}; see the worker's log`
      // Trying again changes nothing: the workflow asks what is next, and the run is parked.
      throw error instanceof MachineError
        ? ApplicationFailure.nonRetryable(told, kind)
        : ApplicationFailure.retryable(told, kind)
    }
  }
}

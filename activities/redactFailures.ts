/**
 * Keeps personal data out of failures. An error that an activity throws is stored in the workflow's history in plain text, and a database
 * error quotes the values of its query. So only failures that are meant to be shown keep their message. Of every other error the history
 * gets the kind, and our own log the rest.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker'
import type { Logger } from 'pino'
import { MachineError } from '../domain/journey/machineError.ts'

export function redactFailures(log: Logger): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      try {
        return await next(input)
      } catch (error) {
        if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error
        const kind = error instanceof Error ? error.name : 'unknown'
        log.error({ err: error }, 'An activity failed.')
        const shown = `${kind}; see the worker's log`
        // A MachineError is not retried: the workflow asks what is next, and the run is parked.
        throw error instanceof MachineError
          ? ApplicationFailure.nonRetryable(shown, kind)
          : ApplicationFailure.retryable(shown, kind)
      }
    },
  }
}

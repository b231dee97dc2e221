/**
 * Copies the trace header of a workflow's start or signal to the activities that the workflow schedules. If tracing is off there is no
 * header, and this does nothing.
 *
 * No other tracing code runs inside workflows: the interceptors of `@temporalio/interceptors-opentelemetry` would add the OpenTelemetry
 * SDK to the bundle, and a new version of it could break replay. This code adds no command, timer or promise, so a history replays the
 * same with and without the header.
 */
import type { Headers, WorkflowInterceptorsFactory } from '@temporalio/workflow'

/** The header's name in the interceptors of the client and of activities. */
const traceHeader = '_tracer-data'

export const interceptors: WorkflowInterceptorsFactory = () => {
  /** The headers of the last signal; before the first signal, those of the start. */
  let trace: Headers = {}
  const remember = (headers: Headers): void => {
    const given = headers[traceHeader]
    if (given !== undefined) trace = { [traceHeader]: given }
  }
  return {
    inbound: [
      {
        execute(input, next) {
          remember(input.headers)
          return next(input)
        },
        handleSignal(input, next) {
          remember(input.headers)
          return next(input)
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
        scheduleLocalActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
        continueAsNew: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
      },
    ],
  }
}

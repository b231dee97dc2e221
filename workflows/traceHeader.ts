/**
 * Hands the trace that a workflow was started or signalled in on to the activities it schedules, as a header. Where traces are off
 * there is no header, and this does nothing.
 *
 * This is all of tracing that runs inside workflows: the interceptors of `@temporalio/interceptors-opentelemetry` would bring the
 * OpenTelemetry SDK into the bundle, and a new version of that could change what a history means. No command, no timer and no
 * promise is added here, so a history replays the same with and without the header.
 */
import type { Headers, WorkflowInterceptorsFactory } from '@temporalio/workflow'

/** As the client's and the activities' interceptors name it. */
const traceHeader = '_tracer-data'

export const interceptors: WorkflowInterceptorsFactory = () => {
  /** Of the signal that came last, else of the start. */
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

/**
 * Temporal's own OpenTelemetry interceptors, for the client and for activities. In between, a workflow hands the trace on as a header
 * (`workflows/traceHeader.ts`), so that a trigger, the workflow it started and the activities of that are one trace.
 */
import type { WorkflowClientInterceptor } from '@temporalio/client'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'

export type EngineTraces = {
  client: WorkflowClientInterceptor[]
  activity: ActivityInterceptorsFactory[]
}

/** @param on false: nothing is loaded, and nothing traced */
export async function engineTraces(on: boolean): Promise<EngineTraces> {
  if (!on) return { client: [], activity: [] }
  const [{ OpenTelemetryWorkflowClientInterceptor }, { OpenTelemetryActivityInboundInterceptor }] =
    await Promise.all([
      import('@temporalio/interceptors-opentelemetry/lib/client/index.js'),
      import('@temporalio/interceptors-opentelemetry/lib/worker/index.js'),
    ])
  return {
    client: [new OpenTelemetryWorkflowClientInterceptor()],
    activity: [(context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) })],
  }
}

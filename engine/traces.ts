/**
 * Temporal's OpenTelemetry interceptors, for the client and for activities. Workflows pass the trace on as a header
 * (`workflows/traceHeader.ts`), so a trigger, the workflow it starts and that workflow's activities form one trace.
 */
import type { WorkflowClientInterceptor } from '@temporalio/client'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'

export type EngineTraces = {
  client: WorkflowClientInterceptor[]
  activity: ActivityInterceptorsFactory[]
}

/** @param on false: no tracing, and no tracing library is loaded */
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

/**
 * OpenTelemetry for this process: spans are sent to a collector over OTLP/HTTP (protobuf), in batches. Loaded by `traces.ts` only.
 *
 * Everything else is set as the specification says: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and
 * OTEL_TRACES_SAMPLER_ARG, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*.
 */
import { setTimeout as pause } from 'node:timers/promises'
import {
  context,
  DiagLogLevel,
  diag,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { envDetectorSync, Resource } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Logger } from 'pino'
import { installTracing, type OpenSpan, type SpanStart } from './spans.ts'

/** Milliseconds that the last spans get when the process stops. */
const patience = 3_000

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const satisfies Record<SpanStart['kind'], SpanKind>

/** @returns sends what is left, and stops */
export function openTelemetry(service: string, log: Logger): () => Promise<void> {
  // What the library says may quote what it sends: that something failed is enough.
  const failed = () => log.warn('Traces could not be sent to the collector. They are dropped.')
  const nothing = () => {}
  diag.setLogger(
    { error: failed, warn: nothing, info: nothing, debug: nothing, verbose: nothing },
    DiagLogLevel.ERROR,
  )
  const resource = Resource.default()
    .merge(new Resource({ 'service.name': service }))
    .merge(envDetectorSync.detect())
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  provider.register({
    contextManager: new AsyncLocalStorageContextManager().enable(),
    propagator: new W3CTraceContextPropagator(),
  })
  const tracer = trace.getTracer('assent')

  const begin = ({ name, kind, attributes, parent, begins }: SpanStart) => {
    const around =
      parent === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent: parent })
    if (begins !== true && trace.getSpan(around) === undefined) return null
    const span = tracer.startSpan(
      name,
      { kind: kinds[kind], ...(attributes === undefined ? {} : { attributes }) },
      around,
    )
    return { span, around }
  }
  installTracing({
    open: (start) => {
      const begun = begin(start)
      return begun === null ? null : opened(begun.span)
    },
    within: (start, work) => {
      const begun = begin(start)
      if (begun === null) return work(null)
      return context.with(trace.setSpan(begun.around, begun.span), work, undefined, opened(begun.span))
    },
    traceparent: () => {
      const active = trace.getActiveSpan()?.spanContext()
      if (active === undefined || !isSpanContextValid(active)) return null
      const flags = active.traceFlags.toString(16).padStart(2, '0')
      return `00-${active.traceId}-${active.spanId}-${flags}`
    },
  })
  // A collector that does not answer must not keep the process.
  return () => Promise.race([provider.shutdown(), pause(patience, undefined, { ref: false })])
}

function opened(span: Span): OpenSpan {
  return {
    end: ({ name, attributes, error } = {}) => {
      if (name !== undefined) span.updateName(name)
      if (attributes !== undefined) span.setAttributes(attributes)
      if (error !== undefined) {
        span.setAttribute('error.type', error)
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}

/**
 * Spans of a trace, as the rest of the code makes them. Where traces are off (OTEL_EXPORTER_OTLP_ENDPOINT is unset) each of these is a
 * comparison with null, and nothing of OpenTelemetry is loaded.
 *
 * A span names codes, route patterns, tables, and ids of runs and deliveries. It never holds an address, a value of a statement, or the
 * text of an error, which may quote one.
 */

type Attributes = Readonly<Record<string, string | number | boolean>>

export type SpanStart = {
  name: string
  kind: 'server' | 'client' | 'consumer' | 'internal'
  attributes?: Attributes
  /** W3C `traceparent` of a parent in another process or transaction. Left out: the span that is active here. */
  parent?: string
  /** Begin a trace where there is no parent. Else there is no span then: background work is not traced. */
  begins?: true
}

export type OpenSpan = {
  /** @param how.name where it is only known now @param how.error kind of the error it ended with */
  end(how?: { name?: string; attributes?: Attributes; error?: string }): void
}

/** What `openTelemetry.ts` brings, where traces are on. */
export type Tracing = {
  open(start: SpanStart): OpenSpan | null
  /** As `open`, and the span is the active one in `work` and all that follows from it. */
  within<T>(start: SpanStart, work: (span: OpenSpan | null) => T): T
  traceparent(): string | null
}

let tracing: Tracing | null = null

export function installTracing(installed: Tracing): void {
  tracing = installed
}

/** A span that its caller ends; null where there is none to make. */
export function openSpan(start: SpanStart): OpenSpan | null {
  return tracing === null ? null : tracing.open(start)
}

/** Does the work, and all that follows from it, in a span that its caller ends. */
export function withinSpan<T>(start: SpanStart, work: (span: OpenSpan | null) => T): T {
  return tracing === null ? work(null) : tracing.within(start, work)
}

/** Does the work in a span that ends with it. */
export function inSpan<T>(start: SpanStart, work: () => Promise<T>): Promise<T> {
  if (tracing === null) return work()
  return tracing.within(start, async (span) => {
    try {
      const result = await work()
      span?.end()
      return result
    } catch (error) {
      span?.end({ error: kindOf(error) })
      throw error
    }
  })
}

/** W3C `traceparent` of the span that is active here, to be stored and gone on from later; null where there is none. */
export function currentTraceparent(): string | null {
  return tracing === null ? null : tracing.traceparent()
}

/** A code or a name, never the text. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

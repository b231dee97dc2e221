/** Turns traces on, where a collector is named. */
import type { Logger } from 'pino'

/**
 * @param endpoint OTEL_EXPORTER_OTLP_ENDPOINT; undefined: nothing is traced, and nothing of OpenTelemetry loaded
 * @returns sends what is left, and stops
 */
export async function startTraces(
  endpoint: string | undefined,
  service: 'assent-api' | 'assent-worker',
  log: Logger,
): Promise<() => Promise<void>> {
  if (endpoint === undefined) return async () => {}
  const { openTelemetry } = await import('./openTelemetry.ts')
  return openTelemetry(service, log)
}

/** What `GET /metrics` answers: this process's own metrics, those of the whole installation, and those of the Temporal SDK. */
import { type Gauges, showGauges } from './gauges.ts'
import { registry } from './registry.ts'
import { shared } from './shared.ts'

/** Text in Prometheus' exposition format. */
export type Exposition = { readonly contentType: string; text(): Promise<string> }

/** Milliseconds for which the gauges that were read hold, however many scrape. */
const gaugesHold = 10_000

/**
 * Answers also while the database is away: then without the gauges that are read from it.
 *
 * @param readGauges throws or rejects where the database does not answer
 * @param engineMetrics the Temporal SDK's own, as text; it has metrics in workers only
 */
export function exposition(
  readGauges: () => Promise<Gauges>,
  engineMetrics: () => Promise<string> = async () => '',
): Exposition {
  const gauges = shared(gaugesHold, () => readGauges().catch(() => null))
  return {
    contentType: registry.contentType,
    text: async () => {
      const [view, engine] = await Promise.all([gauges(), engineMetrics()])
      showGauges(view)
      return `${await registry.metrics()}${engine}`
    },
  }
}

/** What `GET /metrics` answers: this process's own metrics, those of the whole installation, and those of the Temporal SDK. */
import { type Gauges, showGauges } from './gauges.ts'
import { registry } from './registry.ts'
import { shared } from './shared.ts'

/** Text in Prometheus' exposition format. */
export type Exposition = { readonly contentType: string; text(): Promise<string> }

export type ExpositionOptions = {
  /** Reads the gauges of the whole installation; rejects where the database does not answer. */
  readGauges: () => Promise<Gauges>
  /** Reads the Temporal SDK's own metrics, as text; only workers have them. */
  readEngine?: () => Promise<string>
  /** Milliseconds for which the gauges that were read hold, however many scrape: 10,000. */
  gaugesHold?: number
}

/** Answers also while the database is away: then without the gauges that are read from it. */
export function exposition({
  readGauges,
  readEngine = async () => '',
  gaugesHold = 10_000,
}: ExpositionOptions): Exposition {
  const gauges = shared(gaugesHold, () => readGauges().catch(() => null))
  return {
    contentType: registry.contentType,
    text: async () => {
      const [view, engine] = await Promise.all([gauges(), readEngine()])
      showGauges(view)
      return `${await registry.metrics()}${engine}`
    },
  }
}

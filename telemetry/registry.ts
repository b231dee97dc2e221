/**
 * The metrics of this process, for Prometheus. Every metric is declared in this room with its labels, and the rest of
 * the code calls a typed function; no other code names a metric.
 *
 * A label takes its values from a closed set, so that no input makes new time series: never an address, an id of a
 * contact or a run, a journey, or free text. What is outside the set counts as `other`.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'

export const registry = new Registry()

/** Adds what Node says of this process: memory, processor time, event loop lag, garbage collection. Once per process. */
export function watchProcess(): void {
  collectDefaultMetrics({ register: registry })
}

/** Takes a value if it is one of `known`; anything else is `other`. */
export function oneOf(known: Iterable<string>): (value: string) => string {
  const set = new Set(known)
  return (value) => (set.has(value) ? value : 'other')
}

/** As `oneOf`, where our code has the list of values and no place that lists them: the first `most` values count. */
export function atMost(most: number): (value: string) => string {
  const seen = new Set<string>()
  return (value) => {
    if (!seen.has(value)) {
      if (seen.size >= most) return 'other'
      seen.add(value)
    }
    return value
  }
}

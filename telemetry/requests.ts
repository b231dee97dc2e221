/** HTTP requests, by the route's pattern: never by URL, which holds names and keys. */
import { Counter, Histogram } from 'prom-client'
import { atMost, oneOf, registry } from './registry.ts'

const requests = new Counter({
  name: 'assent_http_requests_total',
  help: 'HTTP requests, by method, route pattern and status',
  labelNames: ['method', 'route', 'status'] as const,
  registers: [registry],
})
const durations = new Histogram({
  name: 'assent_http_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer',
  labelNames: ['method', 'route'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
})
const refusals = new Counter({
  name: 'assent_http_refusals_total',
  help: 'Requests that were answered with a problem document, by its code',
  labelNames: ['code'] as const,
  registers: [registry],
})

const methodOf = oneOf(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Codes are literals in our code; the bound is for the day one of them is not. */
const codeOf = atMost(300)

export type AnsweredRequest = {
  method: string
  /** Null: no route was reached. */
  route: string | null
  status: number
  seconds: number
  /** Code of the problem document; undefined: it was answered with none. */
  code: string | undefined
}

export function countRequest(request: AnsweredRequest): void {
  const { seconds, code } = request
  const method = methodOf(request.method)
  const route = request.route ?? 'none'
  requests.inc({ method, route, status: String(request.status) })
  durations.observe({ method, route }, seconds)
  if (code !== undefined) refusals.inc({ code: codeOf(code) })
}

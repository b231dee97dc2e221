/**
 * Each request has an id, which appears in the header `X-Request-Id`, in problem documents and in every log line about
 * the request. Each request writes one log line, with the route's pattern, never the URL, which contains names and
 * keys.
 */
import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { countRequest } from '../telemetry/requests.ts'
import { type SpanStart, withinSpan } from '../telemetry/spans.ts'

export const requestIdHeader = 'X-Request-Id'

/** An id that came with the request is kept if it looks like one (UUID, ULID, trace id): no address and no name in dots. */
const wellFormed = /^[A-Za-z0-9][A-Za-z0-9_-]{7,127}$/

/** Facts about a request that become known while it is answered. */
type Facts = {
  /** Id of the caller's API key; `nobody` where none is needed. */
  key?: string
  /** Code of the problem it was answered with. */
  code?: string
}

const learnt = new WeakMap<Response, Facts>()

/** Adds facts to the request's log line. */
export function note(response: Response, facts: Facts): void {
  const known = learnt.get(response)
  if (known === undefined) learnt.set(response, facts)
  else Object.assign(known, facts)
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader(requestIdHeader) ?? '')
}

/** Must be mounted first. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const began = performance.now()
    const given = request.get(requestIdHeader) ?? ''
    response.setHeader(requestIdHeader, wellFormed.test(given) ? given : randomUUID())
    withinSpan(spanOf(request), (span) => {
      // `close` is emitted once, whether the answer was complete or the caller disconnected.
      response.once('close', () => {
        const { method } = request
        const { statusCode: status } = response
        const route = routeOf(request)
        const facts = learnt.get(response)
        const ms = performance.now() - began
        countRequest({ method, route, status, seconds: ms / 1_000, code: facts?.code })
        const line = {
          request: requestIdOf(response),
          method,
          route,
          status,
          ms: Math.round(ms * 10) / 10,
          ...(response.writableFinished ? {} : { aborted: true }),
          ...facts,
        }
        span?.end({
          name: `${method} ${route ?? 'none'}`,
          attributes: {
            'http.response.status_code': status,
            'assent.request_id': requestIdOf(response),
            ...(route === null ? {} : { 'http.route': route }),
            ...(facts?.code === undefined ? {} : { 'assent.problem': facts.code }),
          },
          ...(status >= 500 ? { error: String(status) } : {}),
        })
        if (status >= 500) log.warn(line, 'request')
        else log.info(line, 'request')
      })
      next()
    })
  }
}

/** Polled constantly, and useless in a trace. */
const untraced = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * A request with a key continues the trace that it names; other callers cannot decide what is traced. The span gets its
 * name from the route later.
 */
function spanOf(request: Request): SpanStart {
  const parent = request.path.startsWith('/v1/') ? request.get('traceparent') : undefined
  return {
    name: request.method,
    kind: 'server',
    attributes: { 'http.request.method': request.method },
    ...(parent === undefined ? {} : { parent }),
    ...(untraced.has(request.path) ? {} : { begins: true }),
  }
}

/** The path in OpenAPI's notation; null if no route matched. */
function routeOf(request: Request): string | null {
  const path: unknown = request.route?.path
  return typeof path === 'string' ? path.replace(/:(\w+)/g, '{$1}') : null
}

/**
 * Each request has an id, which is answered as `X-Request-Id`, stands in problem documents and in every line that the log has
 * about it; and it leaves one line in the log. The line names the route's pattern, never the URL: that holds names and keys.
 */
import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { countRequest } from '../telemetry/requests.ts'
import { type SpanStart, withinSpan } from '../telemetry/spans.ts'

export const requestIdHeader = 'X-Request-Id'

/** An id that came with the request is kept if it looks like one (UUID, ULID, trace id): no address and no name in dots. */
const wellFormed = /^[A-Za-z0-9][A-Za-z0-9_-]{7,127}$/

/** What is learnt about a request while it is answered. */
type Facts = {
  /** Id of the caller's API key; `nobody` where none is needed. */
  key?: string
  /** Code of the problem it was answered with. */
  code?: string
}

const learnt = new WeakMap<Response, Facts>()

/** Adds to the line that the request will leave in the log. */
export function note(response: Response, facts: Facts): void {
  const known = learnt.get(response)
  if (known === undefined) learnt.set(response, facts)
  else Object.assign(known, facts)
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader(requestIdHeader) ?? '')
}

/** Comes before everything else. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const began = performance.now()
    const given = request.get(requestIdHeader) ?? ''
    response.setHeader(requestIdHeader, wellFormed.test(given) ? given : randomUUID())
    withinSpan(spanOf(request), (span) => {
      // Comes once, whether the answer left whole or the caller went away.
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

/** Asked for all the time, and of no interest in a trace. */
const untraced = new Set(['/healthz', '/readyz', '/metrics'])

/** A system's request goes on with the trace it names; strangers cannot decide what is traced. The name follows with the route. */
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

/** In OpenAPI's writing; null where no route was reached. */
function routeOf(request: Request): string | null {
  const path: unknown = request.route?.path
  return typeof path === 'string' ? path.replace(/:(\w+)/g, '{$1}') : null
}

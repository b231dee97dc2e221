/** The HTTP server: slow callers are cut off, slow work has a deadline, and stopping takes no longer than its grace. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { RequestHandler } from 'express'
import { beginUnderDeadline } from '../db/deadline.ts'
import { Refusal } from '../domain/refusal.ts'
import { answerUnreadable } from './unreadable.ts'

/** In milliseconds. A caller that takes longer is answered 408 and cut off. */
export type ServingLimits = {
  /** Until all headers have arrived. */
  headers: number
  /** Until the whole request has arrived. */
  request: number
  /** Between two checks of the clock. */
  check: number
}

const usual: ServingLimits = { headers: 10_000, request: 30_000, check: 1_000 }

/** @param publicUrl base of a problem's `type` */
export function httpServer(
  publicUrl: string,
  handler?: RequestListener,
  limits: ServingLimits = usual,
): Server {
  const { headers, request, check } = limits
  const options = {
    headersTimeout: headers,
    requestTimeout: request,
    connectionsCheckingInterval: check,
    // Node would answer a bare 400. `requireHost` answers a problem document.
    requireHostHeader: false,
  }
  const server = createServer(options, handler)
  answerUnreadable(server, publicUrl)
  return server
}

/** Refuses HTTP/1.1 without a Host header (RFC 9112 §3.2). */
export const requireHost: RequestHandler = (request, _response, next) => {
  if (request.httpVersion === '1.0' || request.headers.host !== undefined) return next()
  throw new Refusal('not-http', 'The Host header is missing. Use an HTTP client.')
}

/** Milliseconds that requests under way get to finish. */
const grace = 10_000

/** Takes no further request, finishes those under way, and cuts off what is left after the grace. */
export async function stopServing(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  // Idle keep-alive connections would hold the server open.
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), grace)
  await closed
  clearTimeout(timer)
}

/** Milliseconds that the database may take for one request; many lines in one request get more. */
const deadlines = { usual: 15_000, lines: 120_000 }

/** Puts each request's database work under a deadline: a database that is frozen or overloaded is answered 503. */
export const deadline: RequestHandler = (request, response, next) => {
  const time = request.is('application/x-ndjson') === false ? deadlines.usual : deadlines.lines
  response.once('close', beginUnderDeadline(time, next))
}

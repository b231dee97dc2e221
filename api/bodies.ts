/** The parsers of request bodies: JSON for most routes, lines of JSON for triggers. A body has at most 1 MB. */
import express, { type RequestHandler } from 'express'

/** Bodies that arrived with nothing in them, which the parser turns into `{}`. */
const empty = new WeakSet<object>()

/** JSON, under its own name and under those built on it (RFC 6839), such as `application/merge-patch+json`. */
export const jsonBody: RequestHandler = express.json({
  limit: '1mb',
  type: ['application/json', 'application/*+json'],
  verify: (request, _response, body) => {
    if (body.length === 0) empty.add(request)
  },
})

/** Lines of JSON, as text. */
export const linesBody: RequestHandler = express.text({ limit: '1mb', type: ['application/x-ndjson'] })

/** Whether the request announced a body and sent none. */
export function isEmptyBody(request: object): boolean {
  return empty.has(request)
}

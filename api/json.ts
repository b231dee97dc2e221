/** Sends JSON: in one line, or indented for people with `?pretty`. */
import type { Response } from 'express'

/** Query parameter of every route that answers JSON; `?pretty=false` switches it off. */
export const prettyParameter = 'pretty'

export function jsonText(response: Response, body: unknown): string {
  const { query } = response.req
  const pretty = prettyParameter in query && query[prettyParameter] !== 'false'
  return pretty ? `${JSON.stringify(body, null, 2)}\n` : JSON.stringify(body)
}

/** As Express' own, without the ETag: no answer may be cached. Head and body leave in one write. */
export function sendJson(response: Response, body: unknown): void {
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.end(jsonText(response, body))
}

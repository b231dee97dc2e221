/** How JSON leaves: in one line, or, where the caller asks by `?pretty`, for people to read. */
import type { Response } from 'express'

/** Query parameter that every JSON answer listens to; `?pretty=false` is a no. */
export const prettyParameter = 'pretty'

export function jsonText(response: Response, body: unknown): string {
  const { query } = response.req
  const pretty = prettyParameter in query && query[prettyParameter] !== 'false'
  return pretty ? `${JSON.stringify(body, null, 2)}\n` : JSON.stringify(body)
}

/** As Express' own, without the ETag: nothing here may be kept. Head and body leave in one write. */
export function sendJson(response: Response, body: unknown): void {
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.end(jsonText(response, body))
}

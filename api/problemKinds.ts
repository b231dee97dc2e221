/**
 * Every kind of problem that the API answers, with its HTTP status. A kind is the last segment of `type` (RFC 9457):
 * `<PUBLIC_URL>/problems/<kind>`. The page there lists the kind's codes, which are in `domain/refusals/`.
 */
import type { RefusalKind } from '../domain/refusal.ts'
import { allRefusals, type Catalogued } from '../domain/refusals/catalogue.ts'

export type ProblemKind = {
  /** HTTP status (RFC 9110). */
  status: number
  title: string
  meaning: string
}

export const problemKinds: Readonly<Record<RefusalKind, ProblemKind>> = {
  malformed: {
    status: 400,
    title: 'The request is malformed',
    meaning: 'The request could not be read. Nothing was changed.',
  },
  unauthorised: {
    status: 401,
    title: 'A valid API key is needed',
    meaning: 'The request has no API key, or one that is unknown or revoked. Nothing was changed.',
  },
  forbidden: {
    status: 403,
    title: 'The key may not do this',
    meaning: 'The key is valid, but its scopes do not cover this request. Nothing was changed.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    meaning: 'There is nothing under this address. Nothing was changed.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take this method',
    meaning: 'The address exists, but not for this HTTP method. Nothing was changed.',
  },
  'timed-out': {
    status: 408,
    title: 'The request arrived too slowly',
    meaning:
      'The request did not arrive completely in time, and the connection was closed. Nothing was changed.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with the current state',
    meaning: 'The request is valid, but the current state does not allow it. Nothing was changed.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The body is larger, or has more parts, than one request may have. Nothing was changed.',
  },
  unsupported: {
    status: 415,
    title: 'The content type is not supported',
    meaning:
      'The body has a type, encoding or character set that this address does not take. Nothing was changed.',
  },
  invalid: {
    status: 422,
    title: 'Something in the request is wrong',
    meaning: 'The request was read, but its content is wrong. Nothing was changed.',
  },
  'too-many': {
    status: 429,
    title: 'Too many requests',
    meaning: 'Too many requests came in a short time. This one was not carried out.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    meaning: 'The headers are larger than 16 KB, and the connection was closed. Nothing was changed.',
  },
  internal: {
    status: 500,
    title: 'The server failed',
    meaning: 'A fault of the server, not of the request. Whether a change was stored is not known.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    meaning: 'The database or another part cannot be reached now. Nothing was changed.',
  },
}

/** A kind with its codes, as its page shows it; null if there is no such kind. */
export function problemKind(name: string): (ProblemKind & { codes: readonly Catalogued[] }) | null {
  const found = Object.entries(problemKinds).find(([kind]) => kind === name)?.[1]
  return found === undefined ? null : { ...found, codes: allRefusals.filter(({ kind }) => kind === name) }
}

/** The URI that names a kind and leads to its page. */
export function problemType(publicUrl: string, kind: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/problems/${kind}`
}

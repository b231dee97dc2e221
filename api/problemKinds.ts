/**
 * Every kind of problem the API answers: its status, its title, and what the page behind its `type` says. A kind is the last
 * segment of `type` (RFC 9457): `<PUBLIC_URL>/problems/<kind>`.
 */
import type { RefusalKind } from '../domain/refusal.ts'

export type ProblemKind = {
  /** HTTP status (RFC 9110). */
  status: number
  title: string
  meaning: string
  /** What usually leads to it. */
  causes: readonly string[]
  /** What the caller does next. */
  remedies: readonly string[]
}

export const problemKinds: Readonly<Record<RefusalKind, ProblemKind>> = {
  malformed: {
    status: 400,
    title: 'The request is malformed',
    meaning: 'The request could not be read. Nothing was changed.',
    causes: [
      'The body is not JSON, or is missing where one is needed.',
      'The body was cut off on its way, or is not what its Content-Encoding says.',
      'The Idempotency-Key is empty, or longer than 200 characters.',
    ],
    remedies: ['Correct the request. Repeating it as it is gives the same answer.'],
  },
  unauthorised: {
    status: 401,
    title: 'A valid key is needed',
    meaning: 'The request carries no API key, or one that is unknown or revoked. Nothing was changed.',
    causes: [
      'The header `Authorization: Bearer <key>` is missing or misspelt.',
      'The key was revoked, or belongs to another installation.',
    ],
    remedies: ['Send a valid key. An administrator makes one with `POST /v1/keys`.'],
  },
  forbidden: {
    status: 403,
    title: 'The key may not do this',
    meaning: 'The key is valid, but its scopes do not cover this request. Nothing was changed.',
    causes: ['The key lacks the scope that `detail` names.'],
    remedies: ['Use a key with that scope. An administrator makes one with `POST /v1/keys`.'],
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    meaning: 'Nothing is stored under this address. Nothing was changed.',
    causes: ['The key or id in the address is misspelt.', 'It was deleted, or was never created.'],
    remedies: ['List what is there, for example with `GET /v1/journeys`, and compare.'],
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take this method',
    meaning: 'The address exists, but not for this HTTP method. Nothing was changed.',
    causes: ['For example a `POST` where the thing is put by key with `PUT`.'],
    remedies: ['Use one of the methods in the `Allow` header.'],
  },
  'timed-out': {
    status: 408,
    title: 'The request came too slowly',
    meaning: 'The request did not arrive whole in time, and the connection was closed. Nothing was changed.',
    causes: [
      'Headers have 10 seconds, the whole request 30.',
      'A network that stalls, or a client that does.',
    ],
    remedies: ['Repeat the request on a new connection.'],
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with the present state',
    meaning: 'The request is sound, but the present state does not allow it. Nothing was changed.',
    causes: [
      'The contact may not enter the journey again, or has too many open runs of it.',
      'Something else still uses what should be deleted.',
      'A contact is named by an address that several contacts share.',
      'The change needs a confirmation (`?confirm=true`) because of its effect.',
      'An Idempotency-Key or a trigger id was used before with other content.',
    ],
    remedies: ['Read `detail`, `code` and `errors`, resolve the conflict, then repeat the request.'],
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The body has more than 1 MB, or more lines than one request may have. Nothing was changed.',
    causes: ['Too much was sent in one request.'],
    remedies: ['Split it into several requests.'],
  },
  unsupported: {
    status: 415,
    title: 'The content type is not supported',
    meaning:
      'The body is of another type, encoding or character set than this address takes. Nothing was changed.',
    causes: ['The header `Content-Type` is missing or names another type than `detail` asks for.'],
    remedies: ['Send the body in the type that `detail` names, usually `application/json`.'],
  },
  invalid: {
    status: 422,
    title: 'Something in the request is wrong',
    meaning: 'The request was read, but a field does not hold what it must. Nothing was changed.',
    causes: ['A field is missing, unknown, or has a wrong value: `errors` names each with a JSON pointer.'],
    remedies: ['Correct the fields in `errors`. Repeating the request as it is gives the same answer.'],
  },
  'too-many': {
    status: 429,
    title: 'Too many requests',
    meaning: 'The request was not carried out, because too many came in too short a time.',
    causes: ['Many requests with wrong keys or unknown links from one network address.'],
    remedies: ['Wait as many seconds as the `Retry-After` header says, then repeat the request.'],
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    meaning: 'The headers have more than 16 KB, and the connection was closed. Nothing was changed.',
    causes: ['A long address or many cookies: what is long belongs into the body.'],
    remedies: ['Send fewer headers, or look things up by `POST …/lookup`.'],
  },
  internal: {
    status: 500,
    title: 'Something went wrong here',
    meaning: 'A fault of the server, not of the request. Whether a change was stored is not known.',
    causes: ['A defect. The log of the server has the details.'],
    remedies: [
      'Repeat a `PUT` or `DELETE` as it is. Repeat a `POST` with the same Idempotency-Key or trigger id: it then has its effect once.',
      'If it persists, tell the people who run this server, with the time of the request.',
    ],
  },
  unavailable: {
    status: 503,
    title: 'Not available now',
    meaning: 'The database or another part is away. Nothing is half done.',
    causes: ['A restart, a failover, or a server that has too much to do.'],
    remedies: ['Repeat the request after the seconds that the `Retry-After` header says.'],
  },
}

/** Null where there is no such kind. */
export function problemKind(name: string): ProblemKind | null {
  return Object.entries(problemKinds).find(([kind]) => kind === name)?.[1] ?? null
}

/** The URI that names a kind and leads to its page. */
export function problemType(publicUrl: string, kind: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/problems/${kind}`
}

/**
 * What is said when something asked for cannot be done: one typed error, raised by rules and transactions alike, and turned
 * into problem details (RFC 9457) in one place. Whoever raises one has changed nothing.
 */

/** Where in the input, as a JSON pointer (RFC 6901), and what is wrong there. `code` is stable and machine-readable. */
export type FieldError = { pointer: string; code?: string; message: string }

export type RefusalKind =
  | 'malformed' // 400
  | 'unauthorised' // 401
  | 'forbidden' // 403
  | 'not-found' // 404
  | 'method-not-allowed' // 405
  | 'timed-out' // 408
  | 'conflict' // 409
  | 'too-large' // 413
  | 'unsupported' // 415
  | 'invalid' // 422
  | 'too-many' // 429
  | 'headers-too-large' // 431
  | 'internal' // 500: only ever made of an unknown error, so nobody raises it
  | 'unavailable' // 503

/** Faults that one refusal names: a caller corrects no more of them at once, and a request has room for a hundred thousand. */
export const mostErrors = 100

export class Refusal extends Error {
  readonly kind: RefusalKind
  readonly errors: readonly FieldError[]
  /** Stable and machine-readable, for callers that handle this case: `too-many-runs`. Defaults to the kind. */
  readonly code: string
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | null
  /** More members of the problem document, e.g. the effect of a change that needs a confirmation. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(
    kind: RefusalKind,
    detail: string,
    options: {
      code?: string
      errors?: readonly FieldError[]
      retryAfter?: number
      extra?: Record<string, unknown>
    } = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.kind = kind
    this.code = options.code ?? kind
    this.errors = (options.errors ?? []).slice(0, mostErrors)
    this.retryAfter = options.retryAfter ?? null
    this.extra = options.extra ?? {}
  }
}

/** The commonest refusal: well-formed, but one field is wrong. */
export function invalid(pointer: string, message: string, code?: string): Refusal {
  return code === undefined
    ? new Refusal('invalid', message, { errors: [{ pointer, message }] })
    : new Refusal('invalid', message, { code, errors: [{ pointer, code, message }] })
}

export function notFound(what: string, key: string): Refusal {
  return new Refusal('not-found', `there is no ${what} "${key}"`)
}

/**
 * The one typed error for a request that cannot be carried out. Rules and transactions throw it; `api/problems.ts`
 * turns it into problem details (RFC 9457). Code that throws it has changed nothing.
 */
import { catalogued, type RefusalCode, type RefusalKind } from './refusals/catalogue.ts'
import type { Thing } from './refusals/notFound.ts'

export type { RefusalCode, RefusalKind } from './refusals/catalogue.ts'

/** Where in the input, as a JSON pointer (RFC 6901), and what is wrong there: a sentence for the caller. */
export type FieldError = { pointer: string; code: RefusalCode; message: string }

/**
 * Most errors that one refusal lists. A request has room for a hundred thousand; a caller cannot correct that many at
 * once.
 */
export const mostErrors = 100

export class Refusal extends Error {
  /** Stable and machine-readable: `run-ended`. The catalogue says what leads to it and what to do. */
  readonly code: RefusalCode
  /** The group of the code, which has one HTTP status. */
  readonly kind: RefusalKind
  readonly errors: readonly FieldError[]
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | null
  /** More members of the problem document, e.g. the effect of a change that needs a confirmation. */
  readonly extra: Readonly<Record<string, unknown>>

  /** @param detail for the caller, in full sentences: what is wrong with this request, and what to do next */
  constructor(
    code: RefusalCode,
    detail: string,
    options: {
      errors?: readonly FieldError[]
      retryAfter?: number
      extra?: Record<string, unknown>
    } = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.code = code
    this.kind = catalogued(code).kind
    this.errors = (options.errors ?? []).slice(0, mostErrors)
    this.retryAfter = options.retryAfter ?? null
    this.extra = options.extra ?? {}
  }
}

/** One field is wrong. @param message for the caller, in full sentences */
export function invalid(pointer: string, code: RefusalCode, message: string): Refusal {
  return new Refusal(code, message, { errors: [{ pointer, code, message }] })
}

/**
 * Several fields are wrong. If they share one code, the whole answer has that code.
 * @param what names what contains the fields, for the detail: `the body`
 */
export function invalidFields(errors: readonly FieldError[], what: string): Refusal {
  const [first] = errors
  const shared = first !== undefined && errors.every(({ code }) => code === first.code) ? first.code : null
  const detail =
    errors.length === 1 && first !== undefined
      ? `${first.pointer === '' ? `In ${what}` : `The field ${first.pointer} is wrong`}: ${first.message}`
      : `${errors.length} fields of ${what} are wrong. Correct each field that errors names.`
  return new Refusal(shared ?? 'invalid-fields', detail, { errors })
}

/** Nothing of this kind has this key or id. */
export function notFound(thing: Thing, key: string): Refusal {
  return new Refusal(`${thing}-not-found`, `There is no ${thing.replaceAll('-', ' ')} "${key}".`)
}

/** The one place where errors become problem details (RFC 9457). Nothing of the inside is told. */
import type { ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import { z } from 'zod'
import { isDatabaseAway } from '../db/away.ts'
import { type FieldError, Refusal } from '../domain/refusal.ts'
import { jsonText } from './json.ts'
import { problemKinds, problemType } from './problemKinds.ts'
import { note, requestIdOf } from './requests.ts'

export const problemShape = z
  .object({
    type: z.string().meta({
      description: 'URI of the kind of problem; it leads to a page with causes and remedies',
      example: 'https://assent.example/problems/invalid',
    }),
    code: z.string().meta({ description: 'Stable and machine-readable', example: 'too-many-runs' }),
    title: z.string().meta({ description: 'The kind in words, the same every time' }),
    status: z.number().int().meta({ description: 'HTTP status' }),
    detail: z.string().meta({ description: 'What is wrong with this request, and what to do' }),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON pointer (RFC 6901)' }),
          code: z.string().optional(),
          message: z.string(),
        }),
      )
      .meta({ description: 'What is wrong, field by field' }),
    requestId: z
      .string()
      .meta({ description: 'As in the header `X-Request-Id`; name it when you ask for help' }),
  })
  .extend({
    externalIds: z
      .array(z.string().nullable())
      .optional()
      .meta({ description: 'Where several contacts share an address: their external ids' }),
    effect: z
      .object({ becomeReachable: z.number().int() })
      .optional()
      .meta({ description: 'What a change would do that needs `?confirm=true`' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })

/** The problem document of a refusal. @param place.publicUrl base of `type` */
export function problemOf(
  refusal: Refusal,
  place: { publicUrl: string; requestId: string },
): z.infer<typeof problemShape> {
  const { status, title } = problemKinds[refusal.kind]
  return {
    type: problemType(place.publicUrl, refusal.kind),
    code: refusal.code,
    title,
    status,
    detail: refusal.message,
    errors: [...refusal.errors],
    requestId: place.requestId,
    ...refusal.extra,
  }
}

/** Answers every error of the API, also 404, 405 and 500. An error that nobody foresaw goes to the log and nowhere else. */
export function problems(log: Logger, publicUrl: string): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const known = asRefusal(error)
    if (known === null) {
      const { method, route } = request
      log.error(
        { err: error, request: requestIdOf(response), method, route: route?.path },
        'a request failed',
      )
    }
    const refusal = known ?? unforeseen
    const problem = problemOf(refusal, { publicUrl, requestId: requestIdOf(response) })
    note(response, { code: problem.code })
    if (refusal.retryAfter !== null) response.set('Retry-After', String(refusal.retryAfter))
    if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer')
    response.status(problem.status).type('application/problem+json').send(jsonText(response, problem))
  }
}

const unforeseen = new Refusal(
  'internal',
  'a fault on our side; whether the request had an effect is not known. Repeat a POST with the same Idempotency-Key or trigger id',
)

/** What a known error says to the caller; null for one that is our own fault. */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error
  // A path with broken percent-encoding names nothing.
  if (error instanceof URIError) return new Refusal('not-found', 'there is nothing at this address')
  if (error instanceof z.ZodError) {
    return new Refusal('invalid', 'the request has fields that are wrong', { errors: fieldErrors(error, '') })
  }
  if (isDatabaseAway(error)) {
    return new Refusal(
      'unavailable',
      'the database cannot be reached, or not in time; nothing is half done. Repeat the request later',
      {
        retryAfter: 5,
      },
    )
  }
  return bodyRefusal(error)
}

/** Zod's issues as pointers; of a union that failed, what its closest member says. */
export function fieldErrors(error: { issues: readonly z.core.$ZodIssue[] }, prefix: string): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const pointer = prefix + issue.path.map((part) => `/${escaped(String(part))}`).join('')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${escaped(key)}`,
        message: 'is not a field here',
      }))
    }
    const code: unknown = issue.code === 'custom' ? issue.params?.code : undefined
    return [{ pointer, ...(typeof code === 'string' ? { code } : {}), message: issue.message }]
  })
}

/** A name as a part of a JSON pointer (RFC 6901). */
function escaped(name: string): string {
  return name.replace(/~/g, '~0').replace(/\//g, '~1')
}

/** What Express' body parsers throw; a body that cannot be unpacked has a status alone. */
function bodyRefusal(error: unknown): Refusal | null {
  if (typeof error !== 'object' || error === null) return null
  if (!('type' in error)) {
    return 'status' in error && error.status === 400
      ? new Refusal('malformed', 'the body cannot be read')
      : null
  }
  switch (error.type) {
    case 'entity.too.large':
      return new Refusal('too-large', 'a body may have 1 MB')
    case 'entity.parse.failed':
      return new Refusal('malformed', 'the body is not JSON', {
        errors: [{ pointer: '', message: 'is not JSON' }],
      })
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Refusal('unsupported', 'the encoding of the body is not supported')
    case 'request.aborted':
    case 'request.size.invalid':
    case 'entity.verify.failed':
      return new Refusal('malformed', 'the body did not arrive whole')
    default:
      return null
  }
}

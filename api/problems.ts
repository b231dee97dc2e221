/** The one place where errors become problem details (RFC 9457). Nothing of the inside is told. */
import type { ErrorRequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { z } from 'zod'
import { isDatabaseAway } from '../db/lostConnection.ts'
import { type FieldError, Refusal, type RefusalKind } from '../domain/refusal.ts'

export const problemShape = z
  .object({
    type: z.string().meta({
      description: 'URI of the kind of problem',
      example: 'https://assent.example/problems/invalid',
    }),
    code: z.string().meta({ description: 'Stable and machine-readable', example: 'too-many-runs' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON pointer (RFC 6901)' }),
          code: z.string().optional(),
          message: z.string(),
        }),
      )
      .meta({ description: 'What is wrong, field by field' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })

const kinds: Record<RefusalKind, { status: number; title: string }> = {
  malformed: { status: 400, title: 'The request is malformed' },
  unauthorised: { status: 401, title: 'A valid key is needed' },
  forbidden: { status: 403, title: 'The key may not do this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'It conflicts with how things stand' },
  'too-large': { status: 413, title: 'The body is too large' },
  unsupported: { status: 415, title: 'The content type is not supported' },
  invalid: { status: 422, title: 'Something in the request is wrong' },
  'too-many': { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available now; repeat later' },
}

export function sendProblem(response: Response, refusal: Refusal): void {
  const { status, title } = kinds[refusal.kind]
  if (refusal.retryAfter !== null) response.set('Retry-After', String(refusal.retryAfter))
  if (status === 401) response.set('WWW-Authenticate', 'Bearer')
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:assent:problem:${refusal.kind}`,
        code: refusal.code,
        title,
        status,
        detail: refusal.message,
        errors: refusal.errors,
        ...refusal.extra,
      }),
    )
}

export function problems(log: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = asRefusal(error)
    if (refusal !== null) return sendProblem(response, refusal)
    log.error({ err: error, method: request.method, route: request.route?.path }, 'a request failed')
    response
      .status(500)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: 'urn:assent:problem:internal',
          code: 'internal',
          title: 'Something went wrong here',
          status: 500,
          detail: 'the request was not carried out; nothing was changed',
          errors: [],
        }),
      )
  }
}

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
      'the database cannot be reached; nothing is half-done, and the request may be repeated',
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
    const pointer =
      prefix + issue.path.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ pointer: `${pointer}/${key}`, message: 'is not a field here' }))
    }
    return [{ pointer, message: issue.message }]
  })
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

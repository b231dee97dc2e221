/**
 * The one place where errors become answers: problem details (RFC 9457) for systems, and the same as a page for people
 * (`people/problems.ts`). An error that is not a refusal goes to the log; the answer reveals no internals.
 */
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Logger } from 'pino'
import { z } from 'zod'
import { isDatabaseAway } from '../db/away.ts'
import { Refusal } from '../domain/refusal.ts'
import { jsonText } from './json.ts'
import { problemKinds, problemType } from './problemKinds.ts'
import { note, requestIdOf } from './requests.ts'

export const problemShape = z
  .object({
    type: z.string().meta({
      description:
        'URI of the kind of problem. It leads to a page that lists the codes with causes and remedies',
      example: 'https://assent.example/problems/conflict',
    }),
    code: z.string().meta({
      description:
        'What is wrong, stable and machine-readable. [All codes](/problems), with causes and what to do',
      example: 'run-ended',
    }),
    title: z.string().meta({ description: 'The kind in words, the same every time' }),
    status: z.number().int().meta({ description: 'HTTP status' }),
    detail: z.string().meta({ description: 'What is wrong with this request, and what to do next' }),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON pointer (RFC 6901)' }),
          code: z
            .string()
            .meta({ description: 'One of the same codes, for this field', example: 'required' }),
          message: z.string().meta({ description: 'What is wrong with this field, and what to do next' }),
        }),
      )
      .meta({ description: 'What is wrong, field by field' }),
    requestId: z
      .string()
      .meta({ description: 'As in the header `X-Request-Id`. Name it when you ask for help' }),
  })
  .extend({
    externalIds: z
      .array(z.string().nullable())
      .optional()
      .meta({ description: 'For `address-shared`: the external ids of the contacts that share the address' }),
    effect: z
      .object({ becomeReachable: z.number().int() })
      .optional()
      .meta({ description: 'For `confirmation-needed`: what the change would do' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })
export type ProblemDocument = z.infer<typeof problemShape>

/** The problem document of a refusal. @param place.publicUrl base of `type` */
export function problemOf(
  refusal: Refusal,
  place: { publicUrl: string; requestId: string },
): ProblemDocument {
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

/** Answers every error of the API, also 404, 405 and 500. */
export function problems(log: Logger, publicUrl: string): ErrorRequestHandler {
  return answerErrors(log, (refusal, _request, response) => {
    const problem = problemOf(refusal, { publicUrl, requestId: requestIdOf(response) })
    response.type('application/problem+json').send(jsonText(response, problem))
  })
}

/** Status, headers and log line of an error; `render` writes the body. */
export function answerErrors(
  log: Logger,
  render: (refusal: Refusal, request: Request, response: Response) => void,
): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const known = asRefusal(error)
    if (known === null) {
      const { method, route } = request
      const about = { err: error, request: requestIdOf(response), method, route: route?.path }
      log.error(about, 'A request failed because of a defect. Look at err; the caller got a 500.')
    }
    const refusal = known ?? internalError
    const { status } = problemKinds[refusal.kind]
    note(response, { code: refusal.code })
    if (refusal.retryAfter !== null) response.set('Retry-After', String(refusal.retryAfter))
    if (status === 401) response.set('WWW-Authenticate', 'Bearer')
    response.status(status)
    render(refusal, request, response)
  }
}

const internalError = new Refusal(
  'internal',
  'The server failed. It is not known whether the request took effect. Repeat a POST with the same Idempotency-Key or trigger id; other requests as they are.',
)

/** The refusal for a known error; null for one that is our own fault. */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error
  // A path with broken percent-encoding names nothing.
  if (error instanceof URIError) return routeNotFound()
  if (isDatabaseAway(error)) {
    return new Refusal(
      'database-unavailable',
      'The database does not answer in time. Nothing was changed. Repeat the request later.',
      { retryAfter: 5 },
    )
  }
  return bodyRefusal(error)
}

export function routeNotFound(): Refusal {
  return new Refusal(
    'route-not-found',
    'There is nothing at this address. Compare it with the API reference at /docs.',
  )
}

/** What Express' body parsers throw; a body that cannot be decompressed has a status alone. */
function bodyRefusal(error: unknown): Refusal | null {
  if (typeof error !== 'object' || error === null) return null
  if (!('type' in error)) {
    return 'status' in error && error.status === 400 ? unreadableBody() : null
  }
  switch (error.type) {
    case 'entity.too.large':
      return new Refusal(
        'body-too-large',
        'The body is larger than this address takes (1 MB for the API). Split the request.',
      )
    case 'entity.parse.failed':
      return notJson('The body')
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Refusal(
        'encoding-unsupported',
        'The body has an encoding that is not supported. Send UTF-8, uncompressed or with gzip.',
      )
    case 'request.aborted':
    case 'request.size.invalid':
    case 'entity.verify.failed':
      return unreadableBody()
    default:
      return null
  }
}

function unreadableBody(): Refusal {
  return new Refusal(
    'body-unreadable',
    'The body did not arrive completely, or is not what Content-Encoding says. Send it again.',
  )
}

/** @param what begins the sentence: `The body` */
export function notJson(what: string): Refusal {
  const message = `${what} is not valid JSON. Correct it and send it again.`
  return new Refusal('body-not-json', message, { errors: [{ pointer: '', code: 'body-not-json', message }] })
}

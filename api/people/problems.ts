/**
 * Errors as pages. Whatever is not ours (an unknown token, a tampered one, one that is no token at all) gets the same page, byte
 * for byte, so that nothing can be learnt by trying.
 */
import type { ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import type { RefusalKind } from '../../domain/refusal.ts'
import { type Problem, problemPage } from '../../pages/problem.ts'
import { asRefusal } from '../problems.ts'
import { requestIdOf } from '../requests.ts'
import { languageOfReader, sendPage } from './answer.ts'
import type { Strangers } from './strangers.ts'

export function personProblems(log: Logger, guard: Strangers): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const language = languageOfReader(request)
    const refusal = isUndecodable(error) ? null : asRefusal(error)
    const { status, problem } = isUndecodable(error)
      ? answers['not-found']
      : answers[refusal?.kind ?? 'internal']
    if (problem === 'not-found') guard.tried(request)
    if (problem === 'broken') {
      log.error({ err: error, request: requestIdOf(response), method: request.method }, 'a page failed')
    }
    if (refusal?.retryAfter != null) response.set('Retry-After', String(refusal.retryAfter))
    response.vary('Accept-Language')
    sendPage(response, status, language, problemPage(language, problem))
  }
}

const answers: Record<RefusalKind, { status: number; problem: Problem }> = {
  malformed: { status: 400, problem: 'bad-request' },
  unauthorised: { status: 404, problem: 'not-found' },
  forbidden: { status: 404, problem: 'not-found' },
  'not-found': { status: 404, problem: 'not-found' },
  'method-not-allowed': { status: 405, problem: 'bad-request' },
  'timed-out': { status: 408, problem: 'away' },
  conflict: { status: 409, problem: 'not-possible' },
  'too-large': { status: 413, problem: 'too-large' },
  unsupported: { status: 415, problem: 'bad-request' },
  invalid: { status: 422, problem: 'not-possible' },
  'too-many': { status: 429, problem: 'away' },
  'headers-too-large': { status: 431, problem: 'too-large' },
  unavailable: { status: 503, problem: 'away' },
  internal: { status: 500, problem: 'broken' },
}

/** A path with broken percent-encoding names no token. */
function isUndecodable(error: unknown): boolean {
  return error instanceof URIError
}

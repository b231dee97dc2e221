/**
 * Errors as pages, for people. An unknown, altered or malformed link gets the same page, byte for byte, so that
 * guessing reveals nothing. Status, headers and log line come from `api/problems.ts`, as for every other error.
 */
import type { ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import { Refusal, type RefusalKind } from '../../domain/refusal.ts'
import { type Problem, problemPage } from '../../pages/problem.ts'
import { answerErrors } from '../problems.ts'
import { languageOfReader, sendPage } from './answer.ts'
import type { Strangers } from './strangers.ts'

export function personProblems(log: Logger, guard: Strangers): ErrorRequestHandler {
  return answerErrors(log, (refusal, request, response) => {
    if (refusal.kind === 'not-found') guard.tried(request)
    const language = languageOfReader(request)
    response.vary('Accept-Language')
    sendPage(response, response.statusCode, language, problemPage(language, pages[refusal.kind]))
  })
}

const pages: Record<RefusalKind, Problem> = {
  malformed: 'bad-request',
  unauthorised: 'not-found',
  forbidden: 'not-found',
  'not-found': 'not-found',
  'method-not-allowed': 'bad-request',
  'timed-out': 'away',
  conflict: 'not-possible',
  'too-large': 'too-large',
  unsupported: 'bad-request',
  invalid: 'not-possible',
  'too-many': 'away',
  'headers-too-large': 'too-large',
  unavailable: 'away',
  internal: 'broken',
}

/** Refuses a path below a page that is not one of our links. */
export function noSuchLink(): never {
  throw new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
}

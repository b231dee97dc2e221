/** Answers 405 for methods that a path does not have; `Allow` lists the ones it has (RFC 9110 §15.5.6). */
import type { RequestHandler } from 'express'
import { Refusal } from '../domain/refusal.ts'

/** Mounted after the handlers of an address. @param methods those that have a handler; HEAD comes with GET */
export function onlyMethods(methods: Iterable<string>): RequestHandler {
  const named = [...methods]
  const allowed = (named.includes('GET') ? [...named, 'HEAD'] : named).join(', ')
  return (_request, response) => {
    response.set('Allow', allowed)
    throw new Refusal('method-not-allowed', `This address takes ${allowed}. Use one of these methods.`)
  }
}

export const onlyGet = onlyMethods(['GET'])

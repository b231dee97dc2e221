/**
 * Checks a second: `POST /v1/consents/check`, whole with key, validation, decision and explanation, against an Express route
 * that does nothing but select a row by its primary key. Same database, same client, one process each.
 */
import { type Person, putPersons } from './brand.ts'
import { load, requestOf } from './http.ts'
import type { Amounts } from './options.ts'
import { type Compared, compare } from './rounds.ts'
import type { BenchStack } from './stack.ts'

/** `get`: against a plain GET; `post`: against a POST that reads a JSON body, as the check does. */
export type ChecksFigures = { get: Compared; post: Compared }

export async function measureChecks(
  stack: BenchStack,
  amounts: Amounts,
  say: (line: string) => void,
): Promise<ChecksFigures> {
  const persons = await putPersons(stack.api, 'check', amounts.checks.addresses)
  const { time, connections } = amounts.checks
  const side = (name: string, port: number, requestFor: (person: Person) => Uint8Array) => {
    const requests = persons.map(requestFor)
    return { name, round: () => load({ port, requests, connections, time }) }
  }
  const check = side('check', stack.ports.api, ({ email }) =>
    requestOf(
      'POST',
      '/v1/consents/check',
      { Authorization: `Bearer ${stack.api.key}` },
      { contactPoint: { channel: 'email', address: email }, purpose: 'marketing', topic: 'newsletter' },
    ),
  )
  const { bare } = stack.ports
  const get = side('select by GET', bare, ({ contactPoint }) =>
    requestOf('GET', `/points/${contactPoint}`, {}),
  )
  const post = side('select by POST', bare, ({ contactPoint }) =>
    requestOf('POST', '/points', {}, { id: contactPoint }),
  )
  return {
    get: await compare(check, get, amounts.rounds, say),
    post: await compare(check, post, amounts.rounds, say),
  }
}

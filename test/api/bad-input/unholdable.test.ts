/** Text, numbers and nesting that no database, no encoding or no stack can hold. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { takenShape } from '../../harness/client.ts'
import { type Bad, consent, Furnished } from './refused.ts'

let deps: Furnished
beforeAll(async () => {
  deps = await Furnished.start()
})
afterAll(() => deps.assent.stop())

describe('text and numbers that nothing can hold', () => {
  const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels)
  const nested = `{"attributes":{"a":${deep('[', ']', 50_000)}}}`
  const nestedObjects = `{"attributes":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`
  const put = { method: 'PUT', path: '/v1/contacts/new' }
  const key = { headers: { 'Idempotency-Key': 'bad-input' } }
  it.each([
    [
      'U+0000 in an attribute',
      { ...put, body: '{"attributes":{"a":"\\u0000"}}', status: 422, pointers: ['/attributes/a'] },
    ],
    ['U+0000 in the name of an attribute', { ...put, body: '{"attributes":{"\\u0000":1}}', status: 422 }],
    [
      'U+0000 in an e-mail address',
      { ...put, body: '{"email":"a\\u0000@example.com"}', status: 422, pointers: ['/email'] },
    ],
    [
      'U+0000 in a postal address',
      {
        ...put,
        body: '{"postalAddress":{"city":"\\u0000"}}',
        status: 422,
        pointers: ['/postalAddress/city'],
      },
    ],
    [
      'U+0000 in a name',
      {
        ...put,
        path: '/v1/purposes/zero',
        body: '{"name":"\\u0000","description":"x","kind":"commercial"}',
        status: 422,
        pointers: ['/name'],
      },
    ],
    [
      'U+0000 in a payload',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"zero@example.com"},"payload":{"a":["\\u0000"]}}',
        status: 422,
        pointers: ['/payload/a/0'],
      },
    ],
    [
      'U+0000 in a journey',
      {
        ...put,
        path: '/v1/journeys/zero',
        body: '{"name":"\\u0000","steps":[]}',
        status: 422,
        pointers: ['/name'],
      },
    ],
    [
      'U+0000 in a condition',
      {
        ...put,
        path: '/v1/journeys/zero',
        body: '{"name":"x","entry":{"trigger":"order.placed","where":"\\u0000"},"steps":[]}',
        status: 422,
        pointers: ['/entry/where'],
      },
    ],
    [
      'U+0000 in a schema',
      {
        ...put,
        path: '/v1/trigger-definitions/zero.zero',
        body: '{"description":"x","schema":{"title":"\\u0000"}}',
        status: 422,
        pointers: ['/schema/title'],
      },
    ],
    [
      'U+0000 in a statement',
      {
        path: '/v1/consents',
        body: JSON.stringify({ ...consent, circumstances: '\u0000' }),
        status: 422,
        pointers: ['/circumstances'],
      },
    ],
    ['U+0000 in a question', { method: 'GET', path: '/v1/consents?channel=email&address=%00', status: 422 }],
    [
      'U+0000 in a list of runs',
      { method: 'GET', path: '/v1/runs?contact=%00', status: 422, pointers: ['/query/contact'] },
    ],
    [
      'U+0000 in a list of deliveries',
      { method: 'GET', path: '/v1/deliveries?contact=%00', status: 422, pointers: ['/query/contact'] },
    ],
    [
      'U+0000 in a list of contacts',
      { method: 'GET', path: '/v1/contacts?after=%00', status: 422, pointers: ['/query/after'] },
    ],
    ['U+0000 in a path', { method: 'GET', path: '/v1/contacts/%00', status: 404 }],
    [
      'U+0000 in an id',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"id":"\\u0000","contact":{"email":"zero@example.com"}}',
        status: 422,
        pointers: ['/id'],
      },
    ],
    [
      'half a surrogate pair in an attribute',
      { ...put, body: '{"attributes":{"a":"\\ud800"}}', status: 422, pointers: ['/attributes/a'] },
    ],
    [
      'half a surrogate pair in a payload',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"half@example.com"},"payload":{"a":{"\\udfff":1}}}',
        status: 422,
      },
    ],
    [
      'half a surrogate pair under an Idempotency-Key',
      {
        ...key,
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"half@example.com"},"payload":{"a":"\\ud800"}}',
        status: 422,
        pointers: ['/payload/a'],
      },
    ],
    [
      'half a surrogate pair in a statement',
      {
        path: '/v1/consents',
        body: `{"circumstances":"\\ud800",${JSON.stringify({ ...consent, circumstances: undefined }).slice(1)}`,
        status: 422,
        pointers: ['/circumstances'],
      },
    ],
    ['a path that is no UTF-8', { method: 'GET', path: '/v1/contacts/%ff', status: 404 }],
    ['a path cut short', { method: 'GET', path: '/v1/contacts/%e2%82', status: 404 }],
    ['50,000 levels of lists', { ...put, body: nested, status: 422 }],
    ['50,000 levels of objects', { ...put, body: nestedObjects, status: 422 }],
    [
      '50,000 levels in a payload, under an Idempotency-Key',
      {
        ...key,
        path: '/v1/triggers/newcomer.seen',
        body: `{"contact":{"email":"deep@example.com"},"payload":{"a":${deep('[', ']', 50_000)}}}`,
        status: 422,
      },
    ],
    [
      '50,000 levels in a schema',
      {
        ...put,
        path: '/v1/trigger-definitions/deep.deep',
        body: `{"description":"x","schema":${'{"not":'.repeat(50_000)}{}${'}'.repeat(50_000)}}`,
        status: 422,
      },
    ],
    [
      '50,000 levels in a journey',
      {
        ...put,
        path: '/v1/journeys/deep',
        body: `{"name":"x","steps":${deep('[', ']', 50_000)}}`,
        status: 422,
      },
    ],
    [
      '50,000 levels in the evidence',
      {
        path: '/v1/consents',
        body: `{"evidence":{"more":{"a":${deep('[', ']', 50_000)}}},${JSON.stringify(consent).slice(1)}`,
        status: 422,
      },
    ],
    [
      '50,000 levels where a word is wanted',
      { ...put, body: `{"email":${deep('[', ']', 50_000)}}`, status: 422 },
    ],
    [
      'a number beyond all bounds under an Idempotency-Key',
      {
        ...key,
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"huge@example.com"},"payload":{"a":1e999}}',
        status: 422,
        pointers: ['/payload/a'],
      },
    ],
    [
      'a number beyond all bounds where no field is, under an Idempotency-Key',
      { ...key, path: '/v1/double-opt-ins', body: '{"a":-1e999}', status: 422, pointers: ['/a'] },
    ],
    [
      'a number beyond all bounds',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"huge@example.com"},"payload":{"a":1e400}}',
        status: 422,
        pointers: ['/payload/a'],
      },
    ],
    [
      '__proto__ in an attribute',
      {
        ...put,
        body: '{"attributes":{"__proto__":{"admin":true}}}',
        status: 422,
        pointers: ['/attributes/__proto__'],
      },
    ],
    [
      '__proto__ as a field',
      { ...put, body: '{"__proto__":{"email":"x@example.com"}}', status: 422, pointers: ['/__proto__'] },
    ],
    [
      '__proto__ in a payload',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"email":"proto@example.com"},"payload":{"a":[{"__proto__":1}]}}',
        status: 422,
        pointers: ['/payload/a/0/__proto__'],
      },
    ],
    [
      '__proto__ in place of a contact',
      {
        path: '/v1/triggers/newcomer.seen',
        body: '{"contact":{"__proto__":{"email":"proto@example.com"}}}',
        status: 422,
      },
    ],
  ] satisfies [string, Bad][])('%s', (_, bad) => deps.refuses(bad))

  it('what looks odd and is sound is taken as it is', async () => {
    const payload = {
      constructor: 'x',
      toString: 1,
      ' ': '\u{1f600}\ufffe',
      big: 1e308,
      small: 5e-324,
      list: [[[[]]]],
      '': null,
    }
    const body = { contact: { externalId: deps.person.externalId }, payload }
    await deps.assent.api.ok('POST', '/v1/triggers/order.placed', body, takenShape)
  })
})

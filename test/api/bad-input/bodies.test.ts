/** Bodies that cannot be read, keys that may not, and addresses that are none. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Bad, Furnished } from './refused.ts'

let deps: Furnished
beforeAll(async () => {
  deps = await Furnished.start()
})
afterAll(() => deps.assent.stop())

const trigger = (payload: unknown) => ({ contact: { externalId: deps.person.externalId }, payload })

describe('a body that cannot be read', () => {
  const put = { method: 'PUT', path: '/v1/contacts/new' }
  const post = { path: '/v1/triggers/order.placed' }
  it.each([
    ['broken JSON', { ...post, body: '{"contact": ', status: 400 }],
    ['JSON that is no object', { ...post, body: '"hello"', status: 400 }],
    ['an array in place of an object', { ...post, body: '[]', status: 422 }],
    ['nothing at all', { ...post, status: 422, pointers: ['/contact'] }],
    ['more than 1 MB', { ...put, body: { attributes: { text: 'x'.repeat(1_100_000) } }, status: 413 }],
    [
      'more than 1 MB once unpacked',
      {
        ...put,
        body: gzipSync(Buffer.from(`{"a":"${'x'.repeat(3_000_000)}"}`)),
        headers: { 'Content-Encoding': 'gzip' },
        status: 413,
      },
    ],
    [
      'more than 1 MB of lines',
      {
        path: '/v1/triggers',
        body: 'x'.repeat(1_100_000),
        headers: { 'Content-Type': 'application/x-ndjson' },
        status: 413,
      },
    ],
    [
      'what is not packed as it says',
      { ...put, body: Buffer.from('{}'), headers: { 'Content-Encoding': 'gzip' }, status: 400 },
    ],
    [
      'packed in a way nobody knows',
      { ...put, body: '{}', headers: { 'Content-Encoding': 'squeeze' }, status: 415 },
    ],
    ['another content type', { ...put, body: '{}', headers: { 'Content-Type': 'text/plain' }, status: 415 }],
    [
      'a form',
      {
        ...post,
        body: 'contact=x',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        status: 415,
      },
    ],
    ['an empty Idempotency-Key', { ...post, body: '{}', headers: { 'Idempotency-Key': '' }, status: 400 }],
    ['JSON where lines are wanted', { path: '/v1/triggers', body: '{}', status: 415 }],
    [
      'another character set',
      { ...put, body: '{}', headers: { 'Content-Type': 'application/json; charset=ebcdic' }, status: 415 },
    ],
    [
      'bytes that are no UTF-8',
      { ...put, body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), status: 422 },
    ],
  ] satisfies [string, Bad][])('%s', (_, bad) => deps.refuses(bad))
})

describe('who may not', () => {
  const body = { name: 'x', description: 'x', kind: 'commercial' }
  const put = { method: 'PUT', path: '/v1/purposes/not-mine', body }
  it.each([
    ['no key', { ...put, headers: { Authorization: '' }, status: 401 }],
    ['a wrong key', { ...put, headers: { Authorization: 'Bearer assent_wrong' }, status: 401 }],
    ['a key in another scheme', { ...put, headers: { Authorization: 'Basic eDp5' }, status: 401 }],
    ['a key of U+0000', { ...put, headers: { Authorization: 'Bearer %00' }, status: 401 }],
  ] satisfies [string, Bad][])('%s', async (_, bad) => {
    await deps.refuses(bad)
    expect((await deps.send(bad)).headers.get('WWW-Authenticate')).toBe('Bearer')
  })

  it('a key without the scope is 403, with it does what it may, and once revoked is 401', async () => {
    const made = z.object({ id: z.string(), name: z.string(), key: z.string() })
    const { id, key } = await deps.assent.api.ok(
      'POST',
      '/v1/keys',
      { name: 'shop', scopes: ['triggers'] },
      made,
    )
    const headers = { Authorization: `Bearer ${key}` }
    await deps.refuses({ ...put, headers, status: 403 })
    await deps.refuses({ method: 'GET', path: '/v1/keys', headers, status: 403 })
    const post: Bad = { path: '/v1/triggers/order.placed', body: trigger({}), headers, status: 202 }
    expect((await deps.send(post)).status).toBe(202)
    expect((await deps.assent.api.call('DELETE', `/v1/keys/${id}`)).status).toBe(204)
    await deps.refuses({ ...post, status: 401 })
  })
})

describe('the wrong address or method', () => {
  it.each([
    ['an id that is none', { method: 'GET', path: '/v1/runs/not-an-id', status: 404 }],
    ['an id that is none, of a delivery', { method: 'GET', path: '/v1/deliveries/1', status: 404 }],
    ['a key that can be none', { method: 'PUT', path: '/v1/purposes/UPPER', body: {}, status: 404 }],
    ['a trigger name that can be none', { path: '/v1/triggers/no-dot', body: {}, status: 404 }],
    ['a method it does not take', { method: 'PATCH', path: '/v1/purposes/marketing', body: {}, status: 405 }],
    ['a method nothing takes', { method: 'DELETE', path: '/v1/consents/check', status: 405 }],
    [
      'a trigger of our own',
      { path: '/v1/triggers/message.opened', body: { contact: { externalId: 'x' } }, status: 403 },
    ],
  ] satisfies [string, Bad][])('%s', (_, bad) => deps.refuses(bad))

  it('a method that it does not accept is answered with the accepted ones', async () => {
    const reply = await deps.assent.api.call('PATCH', '/v1/purposes/marketing', {})
    expect(reply.headers.get('Allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT'])
  })
})

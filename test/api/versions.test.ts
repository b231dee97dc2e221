/** Old versions of what is put by key, or published: past deliveries and runs rest on them, so they can be read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything, idOf } from '../harness/client.ts'
import { commercial, publish, putBrand } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const list = z.object({
  items: z.array(z.strictObject({ version: z.number(), recordedAt: z.string() })),
  next: z.string().nullable(),
})
const numbers = async (path: string) => {
  const { items, next } = await assent.api.ok('GET', path, undefined, list)
  return [items.map((item) => item.version), next]
}
const body = async (path: string) => (await assent.api.call('GET', path)).body

it('of a message each can be read as it was put, also after it was changed and deleted', async () => {
  const path = '/v1/messages/changing'
  for (const text of ['One', 'Two', 'Three']) await assent.api.put(path, commercial(text))
  expect(await numbers(`${path}/versions`)).toEqual([[3, 2, 1], null])
  expect(await numbers(`${path}/versions?limit=2`)).toEqual([[3, 2], '2'])
  expect(await numbers(`${path}/versions?limit=2&after=2`)).toEqual([[1], null])
  expect(await body(`${path}/versions/1`)).toMatchObject({
    key: 'changing',
    version: 1,
    subject: commercial('One').subject,
    recordedAt: expect.any(String),
  })
  await assent.api.ok('DELETE', path, undefined, anything)
  expect((await assent.api.call('GET', path)).status).toBe(404)
  expect(await body(`${path}/versions/3`)).toMatchObject({ subject: commercial('Three').subject })
})

it('of a journey each can be read as it was published, whatever the draft is now', async () => {
  const key = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const path = `/v1/journeys/${key}`
  await assent.api.put(path, { name: key, steps: [{ id: 'two', type: 'send', message: 'second' }] })
  expect(await numbers(`${path}/versions`)).toEqual([[1], null])
  await assent.api.ok('POST', `${path}/publish`, undefined, anything)
  expect(await numbers(`${path}/versions`)).toEqual([[2, 1], null])
  expect(await body(`${path}/versions/1`)).toMatchObject({ key, version: 1, steps: [{ id: 'one' }] })
  expect(await body(`${path}/versions/2`)).toMatchObject({ key, version: 2, steps: [{ id: 'two' }] })
})

it.each([
  ['profiles', 'default', { sender: { email: 'hello@example.com' } }],
  ['purposes', 'marketing', { kind: 'commercial', topics: [{ key: 'newsletter' }, { key: 'events' }] }],
])('of %s too', async (kind, key, definition) => {
  expect(await numbers(`/v1/${kind}/${key}/versions`)).toEqual([[1], null])
  expect(await body(`/v1/${kind}/${key}/versions/1`)).toMatchObject({ key, version: 1, ...definition })
})

describe('what is not there', () => {
  it.each([
    ['/v1/messages/nothing/versions', 404],
    ['/v1/journeys/nothing/versions', 404],
    ['/v1/messages/first/versions/2', 404],
    ['/v1/messages/first/versions/0', 404],
    ['/v1/messages/first/versions/x', 404],
    ['/v1/messages/first/versions/99999999999', 404],
    ['/v1/messages/first/versions?after=0', 422],
    ['/v1/messages/first/versions?after=x', 422],
    ['/v1/messages/first/versions?after=99999999999', 422],
  ])('%s is answered with %i', async (path, status) => {
    expect((await assent.api.call('GET', path)).status).toBe(status)
  })

  it('a journey that was never published has no versions', async () => {
    await assent.api.put('/v1/journeys/draft-only', {
      name: 'Draft',
      steps: [{ id: 'one', type: 'send', message: 'first' }],
    })
    expect((await assent.api.call('GET', '/v1/journeys/draft-only/versions')).status).toBe(404)
  })

  it('a key that may not read definitions may not read their past', async () => {
    const keyOf = idOf.extend({ key: z.string() })
    const asked = { name: 'triggers only', scopes: ['triggers'] }
    const { key } = await assent.api.ok('POST', '/v1/keys', asked, keyOf)
    const answer = await assent.api.call('GET', '/v1/messages/first/versions/1', undefined, {
      Authorization: `Bearer ${key}`,
    })
    expect(answer.status).toBe(403)
  })
})

/**
 * Whatever can be put by key can be got and listed as it was put, put again without effect, and deleted where nothing
 * hangs on it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { commercial, putBrand } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const pageShape = z.object({ items: z.array(z.looseObject({})), next: z.string().nullable() })

/** The example of the journey language, goal included. */
const abandonedCart = {
  key: 'abandoned-cart',
  name: 'Abandoned cart',
  profile: 'default',
  entry: { trigger: 'cart.abandoned', where: 'trigger.value >= 20.0' },
  reentry: { after: '7 days' },
  exit: [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }],
  goal: { trigger: 'order.placed', within: '14 days' },
  steps: [
    { id: 'pause', type: 'wait', for: '1 hour' },
    { id: 'remind', type: 'send', message: 'first' },
    {
      id: 'opened',
      type: 'waitFor',
      timeout: '3 days',
      events: [{ opened: 'remind', steps: [] }],
      onTimeout: [{ id: 'again', type: 'send', message: 'second' }],
    },
  ],
}

it.each<[string, string, Record<string, unknown>]>([
  [
    'profiles',
    'second-brand',
    {
      name: 'Second',
      sender: { name: 'Second', email: 'second@example.com' },
      postalAddress: '2 Example Street',
      trackingPurpose: 'statistics',
      locale: 'de',
    },
  ],
  [
    'purposes',
    'surveys',
    {
      name: 'Surveys',
      description: 'Questions',
      kind: 'commercial',
      topics: [{ key: 'yearly', name: 'Yearly', description: 'One a year' }],
    },
  ],
  ['messages', 'third', commercial('Third')],
  ['trigger-definitions', 'parcel.sent', { description: 'A parcel left', schema: { type: 'object' } }],
  ['journeys', 'abandoned-cart', abandonedCart],
])('%s: what was put is got and listed, and goes again', async (kind, key, body) => {
  const path = `/v1/${kind}/${key}`
  await assent.api.put(path, body)
  const got = await assent.api.ok('GET', path, undefined, z.looseObject({}))
  expect(got).toMatchObject({ ...body, key })
  await assent.api.put(path, body)
  const again = await assent.api.ok('GET', path, undefined, z.looseObject({}))
  expect(again).toEqual({ ...got, updatedAt: again.updatedAt })
  const { items } = await assent.api.ok('GET', `/v1/${kind}?limit=200`, undefined, pageShape)
  expect(items.filter((item) => item.key === key)).toMatchObject([body])
  expect((await assent.api.call('DELETE', path)).status).toBe(204)
  expect((await assent.api.call('GET', path)).status).toBe(404)
})

it('publishes the example of the journey language, and warns that its goal is not counted yet', async () => {
  await assent.api.put('/v1/journeys/abandoned-cart', abandonedCart)
  const answer = await assent.api.call('POST', '/v1/journeys/abandoned-cart/publish')
  expect(answer).toMatchObject({
    status: 200,
    body: { version: 1, problems: [{ severity: 'warning', pointer: '/goal' }] },
  })
})

it('a confirmation is asked only if a person would become reachable', async () => {
  const { api } = assent
  const purpose = { name: 'Tips', description: 'Tips', kind: 'commercial', enforcement: 'restrictive' }
  const put = (key: string, change: Record<string, unknown>, query = '') =>
    api.call('PUT', `/v1/purposes/${key}${query}`, { ...purpose, ...change })
  await put('tips', {})
  // Everybody here has an e-mail address, and nobody a number.
  await api.put('/v1/contacts/tips-reader', { email: 'tips-reader@example.com' })
  expect((await put('tips', { channels: { sms: 'non-restrictive' } })).status).toBe(200)
  const overridden = { enforcement: 'non-restrictive', channels: { email: 'restrictive' } }
  expect((await put('tips', overridden)).status).toBe(200)
  expect((await put('tips', { enforcement: 'restrictive' })).status).toBe(200)

  const refused = await put('tips', { enforcement: 'non-restrictive' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'confirmation-needed' } })
  const { effect } = z.looseObject({ effect: z.object({ becomeReachable: z.number() }) }).parse(refused.body)
  expect(effect.becomeReachable).toBeGreaterThan(0)
  expect((await put('tips', { enforcement: 'non-restrictive' }, '?confirm=true')).status).toBe(200)
  // It is so already: nothing would change.
  expect((await put('tips', { enforcement: 'non-restrictive' })).status).toBe(200)

  await put('receipts', { kind: 'transactional' })
  const receipts = await put('receipts', { kind: 'transactional', enforcement: 'non-restrictive' })
  expect(receipts.status).toBe(200)
})

describe.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
  [
    'profiles',
    'put-back',
    {
      name: 'Third',
      sender: { name: 'Third', email: 'third@example.com' },
      postalAddress: '3 Example Street',
    },
    { name: 'Third, renamed' },
  ],
  ['purposes', 'put-back', { name: 'Tips', description: 'Tips', kind: 'commercial' }, { name: 'Hints' }],
  ['messages', 'put-back', commercial('Back'), { subject: 'Another subject' }],
  ['trigger-definitions', 'put.back', { description: 'A parcel left' }, { description: 'It left' }],
  ['journeys', 'put-back', abandonedCart, { name: 'Another name' }],
])('%s: what a GET answers', (kind, key, body, change) => {
  const path = `/v1/${kind}/${key}`
  const put = (more: unknown) => assent.api.call('PUT', path, more)
  const read = () => assent.api.ok('GET', path, undefined, z.looseObject({ updatedAt: z.string() }))
  const pointers = (reply: { body: unknown }) => {
    const problem = problemShape.parse(reply.body)
    expect(problem.code).toBe('read-only')
    return problem.errors.map((error) => error.pointer)
  }
  const draft = kind === 'journeys' ? { ...body, key } : body

  it('can be put back, as it is and changed, and the change repeated', async () => {
    await assent.api.put(path, draft)
    const got = await read()
    expect((await put(got)).status).toBe(200)
    expect(await read()).toEqual({ ...got, updatedAt: expect.any(String) })
    const changed = { ...(await read()), ...change }
    expect((await put(changed)).status).toBe(200)
    expect((await put(changed)).status).toBe(200)
    expect(await read()).toMatchObject(change)
  })

  it('is refused under another key, as another version, and after a change by another caller', async () => {
    await assent.api.put(path, draft)
    const got = await read()
    const other = await put({ ...got, key: 'another.key' })
    expect([other.status, pointers(other)]).toEqual([422, ['/key']])
    const version = kind === 'journeys' ? 'publishedVersion' : 'version'
    const later = await put({ ...got, [version]: 99, ...change })
    expect([later.status, pointers(later)]).toEqual([422, [`/${version}`]])
    await assent.api.put(path, { ...draft, ...change })
    const before = await read()
    const late = await put({
      ...got,
      ...change,
      [kind === 'messages' ? 'subject' : 'description' in change ? 'description' : 'name']: 'Late',
    })
    expect(late.status).toBe(422)
    expect(await read()).toEqual(before)
  })
})

it('every built-in trigger can be put back as it was read, and one that only Assent raises cannot be changed', async () => {
  const listed = await assent.api.call('GET', '/v1/trigger-definitions?limit=100')
  const { items } = z.object({ items: z.array(z.looseObject({ name: z.string() })) }).parse(listed.body)
  expect(items.map(({ name }) => name)).toContain('consent.granted')
  for (const item of items) {
    const { name } = item
    expect((await assent.api.call('PUT', `/v1/trigger-definitions/${name}`, item)).status).toBe(200)
  }
  const granted = items.find(({ name }) => name === 'consent.granted')
  const changed = { ...granted, description: 'Something else' }
  expect((await assent.api.call('PUT', '/v1/trigger-definitions/consent.granted', changed)).status).toBe(422)
})

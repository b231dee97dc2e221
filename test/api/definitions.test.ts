/** Whatever can be put by key can be got and listed as it was put, put again without effect, and deleted where nothing hangs on it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
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

it('a confirmation is asked only where somebody would become reachable', async () => {
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

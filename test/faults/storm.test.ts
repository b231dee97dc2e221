/**
 * Everything that takes locks, at once, on the same few people who share and exchange addresses: nothing deadlocks, nothing is
 * answered with an error of our own, and the ledger comes out whole.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { type Person, personal, publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { verifyWhole } from '../harness/verification.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('leaves no deadlock and a ledger that verifies', async () => {
  await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    reentry: 'always',
    exit: [{ trigger: 'order.placed' }],
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      {
        id: 'granted',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'consent.granted', steps: [{ id: 'two', type: 'send', message: 'second' }] }],
      },
    ],
  })
  const people = await Promise.all([putPerson(assent.api), putPerson(assent.api), putPerson(assent.api)])
  const fresh = () => `new-${randomBytes(5).toString('hex')}@example.com`
  const shared = [fresh(), fresh(), ...people.map((person) => person.email)]
  const phones = ['+436601234501', '+436601234502', '+436601234503']
  personal(...shared, ...phones)
  const pick = <T>(from: readonly T[], at: number): T => {
    const one = from[at % from.length]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }
  const acts: ((person: Person, i: number) => Promise<{ status: number }>)[] = [
    (person, i) =>
      assent.api.call('PUT', `/v1/contacts/${person.externalId}`, {
        ...(i % 4 === 0 ? {} : { email: pick(shared, i * 7) }),
        ...(i % 3 === 0 ? {} : { phone: pick(phones, i * 5) }),
      }),
    (_, i) =>
      assent.api.call('POST', '/v1/consents', {
        contactPoint: { channel: 'email', address: pick(shared, i * 3) },
        purpose: i % 2 === 0 ? '*' : 'marketing',
        state: 'opted-out',
        source: { kind: 'api' },
      }),
    (_, i) =>
      assent.api.call(
        'POST',
        '/v1/consents',
        {
          contactPoint: { channel: 'email', address: pick(shared, i * 3) },
          purpose: 'marketing',
          topic: 'newsletter',
          state: 'opted-in',
          source: { kind: 'api' },
          circumstances: 'ticked',
          notice: { id: 'form', version: '1', language: 'en', wording: 'Yes' },
        },
        { 'Idempotency-Key': `key-${i % 40}-${i % 15}` },
      ),
    (person, i) =>
      assent.api.call('POST', `/v1/triggers/${i % 5 === 0 ? 'order.placed' : 'cart.abandoned'}`, {
        id: `event-${i % 60}`,
        contact: { externalId: person.externalId },
      }),
    (_, i) =>
      assent.api.call('POST', '/v1/double-opt-ins', {
        contactPoint: { channel: 'email', address: pick(shared, i) },
        grants: [{ purpose: 'marketing', topic: i % 2 === 0 ? 'newsletter' : 'events' }],
      }),
  ]
  const statuses = new Set<number>()
  for (let round = 0; round < 8; round++) {
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, n) => {
        const i = round * 30 + n
        return pick(acts, i)(pick(people, i * 11 + round), i)
      }),
    )
    for (const reply of replies) statuses.add(reply.status)
  }
  // 409: an id or a key used with another content.
  expect([...statuses].filter((status) => status >= 300 && status !== 409)).toEqual([])
  expect(await verifyWhole(assent.api, assent.deps)).toMatchObject({
    state: 'finished',
    firstBreak: null,
    states: { firstDifference: null },
  })
})

/** Contacts as a CRM puts them: nothing a contact may hold is lost, changed, or taken for something else. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { outbox, triggerEvents } from '../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything } from '../harness/client.ts'
import { putBrand, putPerson } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const contactView = z.looseObject({
  attributes: z.record(z.string(), z.unknown()),
  postalAddress: z.unknown(),
})
const get = (externalId: string) => assent.api.ok('GET', `/v1/contacts/${externalId}`, undefined, contactView)

/** The events of a contact, in order, once everything was told. */
async function eventsOf(contact: string): Promise<{ name: string; payload: Record<string, unknown> }[]> {
  await until('an empty outbox', async () => (await assent.house.db.select().from(outbox)).length === 0)
  const rows = await assent.house.db.select().from(triggerEvents)
  return rows
    .filter((row) => row.contactId === contact)
    .toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
    .map(({ name, payload }) => ({ name, payload }))
}

describe('attributes with names that every object inherits', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    '"%s" can be put, changed and taken away, and each change is raised',
    async (name) => {
      const person = await putPerson(assent.api)
      const path = `/v1/contacts/${person.externalId}`
      await assent.api.put(path, { attributes: { [name]: 'first' } })
      expect((await get(person.externalId)).attributes).toEqual({ [name]: 'first' })
      await assent.api.put(path, { attributes: {} })
      const changes = (await eventsOf(person.id)).filter((event) => event.name === 'record.changed')
      const changed = changes.map((event) => z.looseObject({}).parse(event.payload.changed)[name])
      expect(changed).toEqual([
        [null, 'first'],
        ['first', null],
      ])
    },
  )

  it('"__proto__" is refused with a pointer', async () => {
    const reply = await assent.api.call('PUT', '/v1/contacts/proto', '{"attributes":{"__proto__":{"a":1}}}')
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors[0]?.pointer).toBe('/attributes/__proto__')
  })

  it('a channel of such a name is only a channel', async () => {
    const person = await putPerson(assent.api)
    const reply = await assent.api.call('PUT', `/v1/contacts/${person.externalId}`, {
      addresses: { constructor: 'a-device' },
    })
    expect(reply.status).toBeLessThan(500)
  })
})

it.each(['{"street":"1 Example Street"}', '42', 'null', '"quoted"', '[]'])(
  'the postal address %s is a text, stays one, and put again changes nothing',
  async (postalAddress) => {
    const person = await putPerson(assent.api, { postalAddress })
    const path = `/v1/contacts/${person.externalId}`
    const fields = { email: person.email, postalAddress, attributes: {} }
    await assent.api.put(path, fields)
    expect((await get(person.externalId)).postalAddress).toBe(postalAddress)
    await assent.api.put(path, fields)
    expect((await get(person.externalId)).postalAddress).toBe(postalAddress)
    const names = (await eventsOf(person.id)).map((event) => event.name)
    expect(names).not.toContain('contact.address-updated')
  },
)

it('a contact has a bounded number of addresses', async () => {
  const devices = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index}`, `a${index}`]))
  const reply = await assent.api.call('PUT', '/v1/contacts/many-addresses', { addresses: devices(40_000) })
  expect(reply.status).toBe(422)
  expect(problemShape.parse(reply.body)).toMatchObject({
    code: 'too-many-addresses',
    errors: [{ pointer: '/addresses', code: 'too-many-addresses' }],
  })
  expect((await assent.api.call('GET', '/v1/contacts/many-addresses')).status).toBe(404)
})

describe('a PUT whose body got lost', () => {
  /** Announces a body in chunks, and sends none: `fetch` cannot. */
  function putNothingInChunks(path: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const sending = request(new URL(path, assent.url), {
        method: 'PUT',
        headers: {
          Authorization: `Bearer ${assent.environment.ASSENT_API_KEY}`,
          'Content-Type': 'application/json',
          'Transfer-Encoding': 'chunked',
        },
      })
      sending.on('error', reject)
      sending.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sending.end()
    })
  }

  it.each([
    ['no body at all', async (path: string) => (await assent.api.call('PUT', path)).status],
    ['an empty body', async (path: string) => (await assent.api.call('PUT', path, '')).status],
    ['an empty body in chunks', putNothingInChunks],
  ])('is refused and changes nothing: %s', async (_, send) => {
    const person = await putPerson(assent.api)
    const path = `/v1/contacts/${person.externalId}`
    const before = await get(person.externalId)
    expect(await send(path)).toBe(400)
    expect(await get(person.externalId)).toEqual(before)
  })

  it.each([
    ['/v1/profiles/default'],
    ['/v1/purposes/marketing'],
    ['/v1/messages/first'],
    ['/v1/trigger-definitions/order.placed'],
    ['/v1/journeys/lost-body'],
  ])('%s says so', async (path) => {
    const reply = await assent.api.call('PUT', path)
    expect(reply.status).toBe(400)
    expect(problemShape.parse(reply.body).code).toBe('body-missing')
  })

  it('an empty object is a body', async () => {
    await assent.api.ok('PUT', '/v1/contacts/empty-object', {}, anything)
  })
})

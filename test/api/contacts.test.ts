/** Contacts as a CRM puts them: nothing a contact may hold is lost, changed, or taken for something else. */
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { outbox, triggerEvents } from '../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything, takenShape } from '../harness/client.ts'
import { optIn, optOut, publish, putBrand, putPerson } from '../harness/fixtures.ts'
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
  await until('an empty outbox', async () => (await assent.deps.db.select().from(outbox)).length === 0)
  const rows = await assent.deps.db.select().from(triggerEvents)
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

const answerShape = z.looseObject({
  problems: z.array(
    z.object({ severity: z.string(), pointer: z.string(), code: z.string(), message: z.string() }),
  ),
})
const fullView = contactView.extend({ updatedAt: z.string(), consents: z.array(z.unknown()) })
const whole = (externalId: string) => assent.api.ok('GET', `/v1/contacts/${externalId}`, undefined, fullView)

describe('a PATCH', () => {
  const patch = (externalId: string, body: unknown, type = 'application/merge-patch+json') =>
    assent.api.call('PATCH', `/v1/contacts/${externalId}`, body, { 'Content-Type': type })

  it.each(['application/merge-patch+json', 'application/json'])(
    'as %s changes what it names, takes away what is null, and leaves the rest',
    async (type) => {
      const person = await putPerson(assent.api, {
        attributes: { plan: 'free', trialEnds: '2026-12-01', address: { city: 'Graz', zip: '8010' } },
        locale: 'de',
      })
      const before = await whole(person.externalId)
      const body = { attributes: { plan: 'gold', trialEnds: null, address: { zip: '8020' } }, locale: null }
      expect((await patch(person.externalId, body, type)).status).toBe(200)
      expect(await whole(person.externalId)).toEqual({
        ...before,
        attributes: { plan: 'gold', address: { city: 'Graz', zip: '8020' } },
        locale: null,
        updatedAt: expect.any(String),
      })
      const changes = (await eventsOf(person.id)).filter((event) => event.name === 'record.changed')
      expect(changes.map((event) => Object.keys(Object(event.payload.changed)).sort())).toEqual([
        ['address', 'locale', 'plan', 'trialEnds'],
      ])
    },
  )

  it('moves an address, with its opt-outs, and takes one away', async () => {
    const person = await putPerson(assent.api)
    await optOut(assent.api, person.email, '*')
    const next = `patched-${person.email}`
    expect((await patch(person.externalId, { email: next, phone: null })).status).toBe(200)
    const now = await whole(person.externalId)
    expect(now).toMatchObject({ email: next, phone: null, addresses: { email: next } })
    expect(now.consents).toMatchObject([{ channel: 'email', purpose: '*', state: 'opted-out' }])
    const names = (await eventsOf(person.id)).map((event) => event.name)
    expect(names).toEqual(expect.arrayContaining(['contact.email-updated', 'contact.phone-updated']))
  })

  it('that changes nothing writes and raises nothing', async () => {
    const person = await putPerson(assent.api)
    const before = await whole(person.externalId)
    const told = await eventsOf(person.id)
    expect((await patch(person.externalId, {})).status).toBe(200)
    expect((await patch(person.externalId, { email: person.email.toUpperCase() })).status).toBe(200)
    expect(await whole(person.externalId)).toEqual(before)
    expect(await eventsOf(person.id)).toEqual(told)
  })

  it('of an unknown contact is a 404, without a body a 400, and a wrong field a 422 that names it', async () => {
    expect((await patch('nobody-at-all', { locale: 'de' })).status).toBe(404)
    const person = await putPerson(assent.api)
    const before = await whole(person.externalId)
    expect((await assent.api.call('PATCH', `/v1/contacts/${person.externalId}`)).status).toBe(400)
    const wrong: [unknown, string][] = [
      [{ email: 'nobody' }, '/email'],
      [{ locale: 'no such locale' }, '/locale'],
      [{ nickname: 'x' }, '/nickname'],
      [{ addresses: { email: `other-${person.email}` } }, '/addresses/email'],
      [{ attributes: 'none' }, '/attributes'],
    ]
    for (const [body, pointer] of wrong) {
      const reply = await patch(person.externalId, body)
      expect([reply.status, problemShape.parse(reply.body).errors[0]?.pointer]).toEqual([422, pointer])
    }
    expect(await whole(person.externalId)).toEqual(before)
  })

  it('again and again makes no contact larger than one request could', async () => {
    const person = await putPerson(assent.api)
    const text = 'x'.repeat(600_000)
    expect((await patch(person.externalId, { attributes: { first: text } })).status).toBe(200)
    const reply = await patch(person.externalId, { attributes: { second: text } })
    expect([reply.status, problemShape.parse(reply.body).code]).toEqual([422, 'contact-too-large'])
  })
})

describe('what a GET of a contact answers', () => {
  it('can be put back, as it is and changed, and the change repeated', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const path = `/v1/contacts/${person.externalId}`
    const got = await whole(person.externalId)
    await assent.api.put(path, got)
    expect(await whole(person.externalId)).toEqual(got)
    const changed = { ...got, email: `again-${person.email}`, addresses: {}, attributes: { plan: 'gold' } }
    await assent.api.put(path, changed)
    await assent.api.put(path, changed)
    expect((await whole(person.externalId)).attributes).toEqual({ plan: 'gold' })
  })

  it('is refused for another contact, after a change by another caller, and if consents differ', async () => {
    const person = await putPerson(assent.api)
    const other = await putPerson(assent.api)
    const got = await whole(person.externalId)
    const pointers = async (externalId: string, body: unknown) => {
      const reply = await assent.api.call('PUT', `/v1/contacts/${externalId}`, body)
      expect([reply.status, problemShape.parse(reply.body).code]).toEqual([422, 'read-only'])
      return problemShape.parse(reply.body).errors.map((error) => error.pointer)
    }
    expect(await pointers(other.externalId, got)).toEqual(expect.arrayContaining(['/id', '/externalId']))
    const consents = [{ channel: 'email', purpose: 'marketing', state: 'opted-in' }]
    expect(await pointers(person.externalId, { ...got, consents, locale: 'de' })).toEqual(['/consents'])
    await assent.api.put(`/v1/contacts/${person.externalId}`, { email: person.email, locale: 'fr' })
    const before = await whole(person.externalId)
    expect(await pointers(person.externalId, { ...got, locale: 'de' })).toEqual(['/updatedAt'])
    expect(await whole(person.externalId)).toEqual(before)
  })
})

it('a contact that is created without an address is answered with a warning', async () => {
  const created = await assent.api.ok('PUT', '/v1/contacts/no-address', {}, answerShape)
  expect(created.problems).toMatchObject([
    { severity: 'warning', pointer: '', code: 'contact-without-address' },
  ])
  const again = await assent.api.ok('PUT', '/v1/contacts/no-address', { locale: 'de' }, answerShape)
  expect(again.problems).toEqual([])
})

describe('a trigger that brings fields of its contact', () => {
  const post = (body: unknown, trigger = 'order.taken') =>
    assent.api.call('POST', `/v1/triggers/${trigger}`, body)
  beforeAll(async () => {
    await assent.api.put('/v1/trigger-definitions/order.taken', { description: 'Taken', createContact: true })
    await publish(assent.api, {
      entry: { trigger: 'order.taken', where: 'contact.attributes.plan == "gold"' },
      reentry: 'always',
      exit: [{ trigger: 'order.taken', where: 'event.last == true' }],
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
  })

  it('creates one with them, and its conditions see them', async () => {
    const mark = randomUUID()
    const contact = { externalId: `crm-${mark}`, email: `${mark}@example.com`, attributes: { plan: 'gold' } }
    const taken = takenShape.parse((await post({ contact })).body)
    expect(taken.started).toHaveLength(1)
    expect(await whole(contact.externalId)).toMatchObject({
      email: contact.email,
      attributes: { plan: 'gold' },
    })
  })

  it('merges them into one that is known, raises what changed, and leaves the rest', async () => {
    const person = await putPerson(assent.api, { attributes: { plan: 'free', size: 'L' }, locale: 'de' })
    await optOut(assent.api, person.email, 'marketing')
    const next = `moved-${person.email}`
    const contact = { externalId: person.externalId, email: next, attributes: { plan: 'gold' } }
    expect(takenShape.parse((await post({ contact })).body).started).toHaveLength(1)
    const now = await whole(person.externalId)
    expect(now).toMatchObject({ email: next, locale: 'de', attributes: { plan: 'gold', size: 'L' } })
    expect(now.consents).toMatchObject([{ channel: 'email', purpose: 'marketing', state: 'opted-out' }])
    const names = (await eventsOf(person.id)).map((event) => event.name)
    expect(names).toEqual(expect.arrayContaining(['contact.email-updated', 'record.changed']))
    // By its address, with a run to end and an address to move in the same transaction.
    const last = { contact: { email: next, phone: null }, payload: { last: true } }
    expect(takenShape.parse((await post(last)).body).signalled).toHaveLength(1)
    expect(await whole(person.externalId)).toMatchObject({
      phone: null,
      attributes: { plan: 'gold', size: 'L' },
    })
  })

  it('changes nothing where the trigger is refused, or its id is known', async () => {
    const person = await putPerson(assent.api)
    const before = await whole(person.externalId)
    const change = { externalId: person.externalId, attributes: { plan: 'gold' } }
    for (const [contact, pointer] of [
      [{ ...change, email: 'nobody' }, '/contact/email'],
      [{ ...change, locale: 'no such locale' }, '/contact/locale'],
      [{ ...change, addresses: { email: 'other@example.com' } }, '/contact/addresses/email'],
      [
        { externalId: `new-${person.externalId}`, addresses: { sms: '+431234567' } },
        '/contact/addresses/sms',
      ],
    ] as const) {
      const reply = await post({ contact })
      expect([reply.status, problemShape.parse(reply.body).errors[0]?.pointer]).toEqual([422, pointer])
    }
    expect(await whole(person.externalId)).toEqual(before)
    const id = randomUUID()
    expect((await post({ id, contact: change })).status).toBe(202)
    await assent.api.put(`/v1/contacts/${person.externalId}`, { email: person.email })
    expect((await post({ id, contact: change })).body).toMatchObject({ duplicate: true })
    expect((await whole(person.externalId)).attributes).toEqual({})
  })

  it('is refused where its definition does not create contacts', async () => {
    const person = await putPerson(assent.api)
    const contact = { externalId: person.externalId, attributes: { plan: 'gold' } }
    const reply = await post({ contact }, 'order.placed')
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body)).toMatchObject({
      code: 'contact-fields-not-allowed',
      errors: [{ pointer: '/contact/attributes' }],
    })
  })
})

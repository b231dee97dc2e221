/** What people look for in lists, and look-ups that keep addresses out of URLs. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { newId } from '../../db/ids.ts'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { suppressions } from '../../db/schema/ledger.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { deliveryShape, idOf } from '../harness/client.ts'
import {
  optIn,
  type Person,
  personal,
  publish,
  putBrand,
  putPerson,
  startRunOf,
} from '../harness/fixtures.ts'

const list = z.object({ items: z.array(z.looseObject({ id: z.string() })), next: z.string().nullable() })

let assent: Assent
let person: Person
let phone: string
let journey: string
let runs: { sent: string; blocked: string }
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
  phone = `+43660${String(Number.parseInt(randomBytes(3).toString('hex'), 16)).padStart(8, '0')}`
  personal(phone)
  person = await putPerson(assent.api, { phone })
  journey = await publish(assent.api, {
    reentry: 'always',
    steps: [{ id: 'one', type: 'send', message: 'first' }],
  })
  const blocked = await startRunOf(assent.api, journey, person)
  await assent.runEnded(blocked)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const sent = await startRunOf(assent.api, journey, person)
  await assent.runEnded(sent)
  runs = { sent, blocked }
})
afterAll(() => assent.stop())

const ids = async (path: string): Promise<string[]> =>
  (await assent.api.ok('GET', path, undefined, list)).items.map((item) => item.id)
const lookUp = async (path: string, body: unknown) => (await assent.api.call('POST', path, body)).body
const deliveryOf = async (run: string): Promise<z.output<typeof deliveryShape>> => {
  const [step] = (await assent.run(run)).path
  return assent.api.ok('GET', `/v1/deliveries/${step?.delivery}`, undefined, deliveryShape)
}

describe('contacts', () => {
  it.each([
    ['externalId', () => person.externalId],
    ['email', () => person.email],
    ['email', () => person.email.toUpperCase().replace('EXAMPLE', 'example')],
    ['phone', () => phone],
    ['phone', () => phone.replace('+43660', '+43 660 ')],
  ])('are found by %s, in the query and in the body', async (name, value) => {
    const found = await assent.api.ok(
      'GET',
      `/v1/contacts?${name}=${encodeURIComponent(value())}`,
      undefined,
      list,
    )
    expect(found.items).toMatchObject([
      { id: person.id, externalId: person.externalId, email: person.email, phone },
    ])
    expect(await lookUp('/v1/contacts/lookup', { [name]: value() })).toEqual(found)
  })

  it('are found by any contact point', async () => {
    const found = await lookUp('/v1/contacts/lookup', { contactPoint: { channel: 'sms', address: phone } })
    expect(found).toMatchObject({ items: [{ id: person.id }], next: null })
  })

  it('that match nobody are an empty list, not all contacts', async () => {
    expect(await ids('/v1/contacts?email=nobody@example.com')).toEqual([])
    expect(await ids('/v1/contacts?externalId=nobody')).toEqual([])
  })

  it('who share an address are all found, page by page', async () => {
    const email = `shared-${randomBytes(6).toString('hex')}@example.com`
    const people = [await putPerson(assent.api, { email }), await putPerson(assent.api, { email })]
    personal(email)
    const wanted = people.map((one) => one.id).toSorted()
    expect(await ids(`/v1/contacts?email=${email}`)).toEqual(wanted)
    const first = list.parse(await lookUp('/v1/contacts/lookup', { email, limit: 1 }))
    expect(first).toMatchObject({ items: [{ id: wanted[0] }], next: wanted[0] })
    const second = list.parse(await lookUp('/v1/contacts/lookup', { email, limit: 1, after: first.next }))
    expect(second).toMatchObject({ items: [{ id: wanted[1] }], next: null })
  })

  it.each([
    [
      'GET',
      '/v1/contacts?email=a@example.com&phone=%2B43660123456',
      undefined,
      ['/query/email', '/query/phone'],
    ],
    [
      'POST',
      '/v1/contacts/lookup',
      { externalId: 'x', contactPoint: { channel: 'email', address: 'a@example.com' } },
      ['/externalId', '/contactPoint'],
    ],
  ])('%s %s names them in two ways, which is refused', async (method, path, body, pointers) => {
    const answer = await assent.api.call(method, path, body)
    const problem = problemShape.parse(answer.body)
    expect(problem).toMatchObject({ status: 422, code: 'one-of-these' })
    expect(problem.errors.map((error) => error.pointer)).toEqual(pointers)
  })

  it.each([
    ['GET', '/v1/contacts?email=nothing', undefined, '/query/email'],
    ['POST', '/v1/contacts/lookup', { phone: 'nothing' }, '/phone'],
    [
      'POST',
      '/v1/contacts/lookup',
      { contactPoint: { channel: 'email', address: 'nothing' } },
      '/contactPoint/address',
    ],
    ['POST', '/v1/contacts/lookup', { email: 'a@example.com', after: 'x' }, '/after'],
    ['POST', '/v1/contacts/lookup', { email: 'a@example.com', limit: '5' }, '/limit'],
    ['POST', '/v1/contacts/lookup', { mail: 'a@example.com' }, '/mail'],
  ])('%s %s with a wrong field says which', async (method, path, body, pointer) => {
    const problem = problemShape.parse((await assent.api.call(method, path, body)).body)
    expect([problem.status, problem.errors[0]?.pointer]).toEqual([422, pointer])
  })
})

describe('deliveries', () => {
  it('are found by message, state, reason, run, contact and provider id, and by several of them', async () => {
    const [sent, blocked] = [await deliveryOf(runs.sent), await deliveryOf(runs.blocked)]
    const both = [sent.id, blocked.id].toSorted().toReversed()
    const provider = encodeURIComponent(sent.providerId ?? '')
    const found: [string, string[]][] = [
      [`contact=${person.externalId}`, both],
      [`message=first&contact=${person.externalId}`, both],
      ['message=first', both],
      ['message=second', []],
      ['state=sent', [sent.id]],
      ['reason=no-topic-consent', [blocked.id]],
      ['message=first&reason=no-topic-consent', [blocked.id]],
      ['message=first&state=sent', [sent.id]],
      ['message=first&state=sent&reason=no-topic-consent', []],
      ['reason=no-topic-consent&state=blocked', [blocked.id]],
      [`run=${runs.sent}`, [sent.id]],
      [`run=${runs.sent}&state=blocked`, []],
      [`providerId=${provider}`, [sent.id]],
      [`providerId=${provider}&contact=nobody`, []],
      [`from=${sent.createdAt}&contact=${person.externalId}`, [sent.id]],
      [`to=${sent.createdAt}&contact=${person.externalId}`, [blocked.id]],
      [`from=${blocked.createdAt}&to=${sent.createdAt}&message=first`, [blocked.id]],
    ]
    for (const [query, wanted] of found) expect(await ids(`/v1/deliveries?${query}`), query).toEqual(wanted)
  })

  it.each(['from=yesterday', 'to=2026-01-01', 'message=No%20Key', 'run=x', 'state=flying', 'contact='])(
    'by %s are not looked for: it says what is wrong',
    async (query) => {
      const problem = problemShape.parse((await assent.api.call('GET', `/v1/deliveries?${query}`)).body)
      expect([problem.status, problem.errors[0]?.pointer]).toEqual([422, `/query/${query.split('=')[0]}`])
    },
  )
})

describe('runs', () => {
  it('are found by journey, state, contact and time, and by several of them', async () => {
    const both = [runs.sent, runs.blocked]
    const shape = z.looseObject({ startedAt: z.string() })
    const { startedAt } = await assent.api.ok('GET', `/v1/runs/${runs.sent}`, undefined, shape)
    const found: [string, string[]][] = [
      [`journey=${journey}`, both],
      [`journey=${journey}&state=completed`, both],
      [`journey=${journey}&state=waiting`, []],
      [`contact=${person.externalId}`, both],
      [`contact=${person.externalId}&journey=${journey}&state=completed`, both],
      ['contact=nobody', []],
      ['state=completed&limit=2', both],
      ['state=failed', []],
      [`journey=${journey}&from=${startedAt}`, [runs.sent]],
      [`journey=${journey}&to=${startedAt}`, [runs.blocked]],
    ]
    for (const [query, wanted] of found) expect(await ids(`/v1/runs?${query}`), query).toEqual(wanted)
  })
})

describe('a look-up by address in the body', () => {
  const point = () => ({ channel: 'email', address: person.email })
  const query = () => `channel=email&address=${encodeURIComponent(person.email)}`

  it('of consents answers what the query does, now and then', async () => {
    const contactPoint = point()
    const now = await assent.api.call('GET', `/v1/consents?${query()}`)
    expect(await lookUp('/v1/consents/lookup', { contactPoint })).toEqual(now.body)
    const asOf = '2020-01-01T00:00:00Z'
    const then = await assent.api.call('GET', `/v1/consents?${query()}&asOf=${asOf}`)
    expect(await lookUp('/v1/consents/lookup', { contactPoint, asOf })).toEqual(then.body)
    expect(then.body).not.toEqual(now.body)
  })

  it('of evidence answers the pack, and its page', async () => {
    const pack = z.looseObject({ events: z.array(z.unknown()).min(1) })
    const asked = { contactPoint: point() }
    expect(pack.parse(await lookUp('/v1/consents/evidence/lookup', asked)).events).toEqual(
      pack.parse((await assent.api.call('GET', `/v1/consents/evidence?${query()}`)).body).events,
    )
    const page = await assent.api.call('POST', '/v1/consents/evidence/lookup', asked, { Accept: 'text/html' })
    expect(page.headers.get('Content-Type')).toMatch(/^text\/html/)
    const nobody = { contactPoint: { channel: 'email', address: 'nobody@example.com' } }
    expect((await assent.api.call('POST', '/v1/consents/evidence/lookup', nobody)).status).toBe(404)
  })

  it('of suppressions answers those of the address, lifted ones if asked', async () => {
    const { db } = assent.deps
    const contactPointId = await findContactPoint(db, 'email', person.email)
    const row = { contactPointId, channel: 'email', kind: 'hard-bounced' as const }
    const [lifted, standing] = [newId(), newId()]
    await db.transaction((tx) =>
      tx.insert(suppressions).values([
        { ...row, id: lifted, liftedAt: new Date().toISOString() },
        { ...row, id: standing },
      ]),
    )
    const contactPoint = point()
    const found = async (more = {}) =>
      list
        .parse(await lookUp('/v1/suppressions/lookup', { contactPoint, ...more }))
        .items.map((item) => item.id)
    expect(await found()).toEqual([standing])
    expect(await found({ lifted: true })).toEqual([lifted, standing])
    expect(await ids(`/v1/suppressions?${query()}&lifted=true`)).toEqual([lifted, standing])
  })

  it.each(['/v1/consents/lookup', '/v1/consents/evidence/lookup', '/v1/suppressions/lookup'])(
    '%s says what is wrong with the address',
    async (path) => {
      const wrong = async (contactPoint: unknown) =>
        problemShape.parse(await lookUp(path, { contactPoint })).errors.map((error) => error.pointer)
      expect(await wrong({ channel: 'email', address: 'nothing' })).toEqual(['/contactPoint/address'])
      expect(await wrong({ channel: 'pigeon', address: 'x' })).toEqual(['/contactPoint/channel'])
      expect(await wrong(undefined)).toEqual(['/contactPoint'])
    },
  )
})

describe('keys', () => {
  it('are listed page by page, the newest first, each once', async () => {
    const made: string[] = []
    for (const name of ['one', 'two', 'three']) {
      made.unshift((await assent.api.ok('POST', '/v1/keys', { name, scopes: ['read'] }, idOf)).id)
    }
    const first = await assent.api.ok('GET', '/v1/keys?limit=2', undefined, list)
    const second = await assent.api.ok('GET', `/v1/keys?limit=2&after=${first.next}`, undefined, list)
    expect([...first.items, ...second.items].map((key) => key.id)).toEqual(made)
    expect(second.next).toBeNull()
  })
})

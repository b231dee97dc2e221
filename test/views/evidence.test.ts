/** The evidence pack: everything that proves the consents of one address, until its key is destroyed. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { newId } from '../../db/ids.ts'
import { deliveries, deliveryContents } from '../../db/schema/deliveries.ts'
import { seal } from '../../domain/ledger/seal.ts'
import { evidenceKey } from '../../transactions/ledger/evidenceKey.ts'
import { lockContactPoint } from '../../transactions/locks.ts'
import { idOf } from '../harness/client.ts'
import { type LedgerApi, startLedgerApi, state } from '../harness/ledgerApi.ts'

let ledger: LedgerApi
beforeAll(async () => {
  ledger = await startLedgerApi()
})
afterAll(() => ledger.stop())

const packShape = z.object({
  generatedAt: z.string(),
  contactPoint: z.object({ id: z.string(), channel: z.string(), address: z.string(), createdAt: z.string() }),
  verification: z.object({
    events: z.number(),
    firstBreak: z.unknown(),
    head: z.object({ seq: z.number(), hash: z.string() }),
  }),
  events: z.array(
    z.looseObject({ evidence: z.unknown(), bytes: z.string(), hash: z.string(), readable: z.boolean() }),
  ),
  doubleOptIns: z.array(
    z.looseObject({
      id: z.string(),
      state: z.string(),
      mails: z.array(z.looseObject({ content: z.unknown() })),
    }),
  ),
  suppressions: z.array(z.looseObject({ kind: z.string() })),
  deliveries: z.array(z.looseObject({ message: z.string() })),
})

const address = 'proven+1@example.com'
const path = `/v1/consents/evidence?${new URLSearchParams({ channel: 'email', address })}`
const wording = 'Yes, <b>write</b> to me & mine.'
let point = ''

function pack(): Promise<z.output<typeof packShape>> {
  return ledger.api.ok('GET', path, undefined, packShape)
}

beforeAll(async () => {
  const event = await state(ledger.api, address, 'opted-in', {
    topic: 'newsletter',
    circumstances: 'at the fair <script>alert(1)</script>',
    source: { kind: 'staff', via: 'branch', reference: 'slip 7' },
    notice: { id: 'fair', version: '3', language: 'en', wording },
    evidence: {
      ip: '203.0.113.9',
      userAgent: 'Browser/9.9',
      pageUrl: 'https://www.example.com/sign-up',
      jurisdiction: 'AT',
      defaultState: 'unticked',
      lawfulBasis: 'consent',
      onBehalfOf: 'clerk 7',
      more: { stand: 42 },
    },
  })
  point = event.contactPoint
  const body = {
    contactPoint: { channel: 'email', address },
    grants: [{ purpose: 'marketing', topic: 'events' }],
    circumstances: 'asked at the counter',
  }
  const { id } = await ledger.api.ok('POST', '/v1/double-opt-ins', body, idOf)
  await mailConfirmation(id)
  await ledger.owner`insert into suppressions (id, contact_point_id, channel, kind, reason) values (${newId()}, ${point}, 'email', 'complained', 'abuse report')`
})

/** As the claim keeps a confirmation mail: its text under the contact point's key. */
async function mailConfirmation(request: string): Promise<void> {
  await ledger.deps.db.transaction(async (tx) => {
    const id = newId()
    await tx.insert(deliveries).values({
      id,
      doubleOptIn: request,
      contactPointId: point,
      channel: 'email',
      message: 'confirm',
      messageVersion: 1,
      purpose: 'service',
      state: 'sent',
      settledAt: sql`clock_timestamp()`,
    })
    const key = await evidenceKey(tx, ledger.deps, await lockContactPoint(tx, point))
    const content = { subject: 'Please confirm', html: '<p>Confirm</p>', text: 'Confirm it here' }
    const nothing = {
      circumstances: null,
      reference: null,
      pageUrl: null,
      actor: null,
      ip: null,
      userAgent: null,
    }
    const sealed = seal(key, { contactPoint: point, event: id }, { ...nothing, evidence: content })
    await tx.insert(deliveryContents).values({ deliveryId: id, sealed })
  })
}

describe('while the key is there', () => {
  test('it opens the evidence of each event beside the exact bytes and the wording', async () => {
    const { events, contactPoint, verification } = await pack()
    expect(contactPoint).toMatchObject({ id: point, address })
    expect(verification).toMatchObject({
      events: 2,
      firstBreak: null,
      head: { seq: 2, hash: events[1]?.hash },
    })
    expect(events[0]).toMatchObject({
      seq: 1,
      purpose: 'marketing',
      topic: 'newsletter',
      state: 'opted-in',
      readable: true,
      wording,
      notice: { id: 'fair', version: '3', language: 'en' },
      source: { kind: 'staff', via: 'branch' },
      lawfulBasis: 'consent',
      jurisdiction: 'AT',
      defaultState: 'unticked',
      evidence: {
        circumstances: 'at the fair <script>alert(1)</script>',
        reference: 'slip 7',
        ip: '203.0.113.9',
        userAgent: 'Browser/9.9',
        pageUrl: 'https://www.example.com/sign-up',
        actor: { kind: 'key', id: 'environment', onBehalfOf: 'clerk 7' },
        evidence: { stand: 42 },
      },
    })
    expect(JSON.parse(events[0]?.bytes ?? '')).toMatchObject({ seq: 1, contactPoint: point })
  })

  test('it shows the double opt-in with its mail as sent, and the suppressions', async () => {
    const { doubleOptIns, suppressions } = await pack()
    expect(doubleOptIns).toHaveLength(1)
    expect(doubleOptIns[0]).toMatchObject({
      state: 'pending',
      grants: [{ purpose: 'marketing', topic: 'events' }],
    })
    expect(doubleOptIns[0]?.mails[0]?.content).toEqual({
      subject: 'Please confirm',
      html: '<p>Confirm</p>',
      text: 'Confirm it here',
    })
    expect(suppressions).toMatchObject([{ kind: 'complained', reason: 'abuse report', liftedAt: null }])
  })

  test('names each consent as it was called when it was given', async () => {
    const before = await pack()
    const purpose = await ledger.api.call('GET', '/v1/purposes/marketing')
    const stored = z.looseObject({ topics: z.array(z.looseObject({ name: z.string() })) }).parse(purpose.body)
    const { key: _key, version: _version, updatedAt: _updatedAt, ...body } = stored
    const topics = stored.topics.map((topic) => ({ ...topic, name: `Renamed ${topic.name}` }))
    await ledger.api.put('/v1/purposes/marketing', { ...body, topics })
    const after = await pack()
    await ledger.api.put('/v1/purposes/marketing', body)
    expect(after.events).toMatchObject([{ name: 'Newsletter' }, { name: 'Events' }])
    expect(after.doubleOptIns).toMatchObject([{ grants: [{ topic: 'events', name: 'Events' }] }])
    expect(after.events).toEqual(before.events)
    const page = await ledger.api.call('GET', path, undefined, { Accept: 'text/html' })
    expect(page.text).toContain('consent – Newsletter: opted-in')
    expect(page.text).toContain('Events (marketing / events)')
  })

  test('as a page everything is there and escaped', async () => {
    const reply = await ledger.api.call('GET', path, undefined, { Accept: 'text/html' })
    expect(reply.headers.get('Content-Type')).toMatch(/^text\/html/)
    expect(reply.text).toContain('Yes, &lt;b&gt;write&lt;/b&gt; to me &amp; mine.')
    expect(reply.text).toContain('at the fair &lt;script&gt;')
    expect(reply.text).toContain('&lt;p&gt;Confirm&lt;/p&gt;')
    expect(reply.text).not.toContain('<script')
    expect(reply.text).toContain('@media print')
    const json = await ledger.api.call('GET', path, undefined, { Accept: '*/*' })
    expect(json.headers.get('Content-Type')).toMatch(/^application\/json/)
  })

  test('of an unknown address there is none', async () => {
    const unknown = '/v1/consents/evidence?channel=email&address=nobody@example.com'
    expect((await ledger.api.call('GET', unknown)).status).toBe(404)
  })

  test('a row whose bytes are garbage is shown as it is, and the chain as broken', async () => {
    const event = await state(ledger.api, 'garbage@example.com', 'opted-out')
    await ledger.tamper(
      `update consent_events set bytes = '\\xff00', recorded_at = 'infinity' where id = '${event.id}'`,
    )
    const query = '/v1/consents/evidence?channel=email&address=garbage@example.com'
    const garbage = await ledger.api.ok('GET', query, undefined, packShape)
    expect(garbage.verification.firstBreak).toMatchObject({ seq: 1, problem: 'hash-mismatch' })
    expect(garbage.events).toMatchObject([{ readable: false, bytes: 'base64:/wA=', evidence: 'unreadable' }])
    const page = await ledger.api.call('GET', query, undefined, { Accept: 'text/html' })
    expect(page.text).toContain('The chain is broken at event 1')
  })
})

describe('double opt-ins and suppressions over the API', () => {
  const requestShape = z.looseObject({ id: z.string(), state: z.string(), mails: z.array(z.unknown()) })

  test('a request is read with its mails, and without the address', async () => {
    const [request] = (await pack()).doubleOptIns
    const reply = await ledger.api.call('GET', `/v1/double-opt-ins/${request?.id}`)
    expect(requestShape.parse(reply.body)).toMatchObject({
      state: 'pending',
      profile: 'default',
      grants: [{ purpose: 'marketing', topic: 'events' }],
      contactPoint: { channel: 'email', id: point },
      settledAt: null,
      mails: [{ state: 'sent' }],
    })
    expect(reply.text).not.toContain(address)
    expect((await ledger.api.call('GET', `/v1/double-opt-ins/${newId()}`)).status).toBe(404)
    expect((await ledger.api.call('GET', '/v1/double-opt-ins/nonsense')).status).toBe(404)
  })

  test('a request is refused with its place, and leaves nothing', async () => {
    const [before] = await ledger.owner`select count(*) from contact_points`
    const base = {
      contactPoint: { channel: 'email', address: 'new@example.com' },
      grants: [{ purpose: 'marketing' }],
    }
    const cases: [Record<string, unknown>, string][] = [
      [{ grants: [] }, '/grants'],
      [{ grants: [{ purpose: 'nonesuch' }] }, '/grants/0/purpose'],
      [{ grants: [{ purpose: 'marketing' }, { purpose: 'service' }] }, '/grants/1/purpose'],
      [{ profile: 'nonesuch' }, '/profile'],
      [{ contactPoint: { channel: 'email', address: 'nonsense' } }, '/contactPoint/address'],
      [{ evidence: { formVersion: 'a\nb' } }, '/evidence/formVersion'],
    ]
    for (const [change, pointer] of cases) {
      const reply = await ledger.api.call('POST', '/v1/double-opt-ins', { ...base, ...change })
      expect(reply.status).toBe(422)
      expect(reply.body).toMatchObject({ errors: [{ pointer }] })
    }
    expect((await ledger.owner`select count(*) from contact_points`)[0]).toEqual(before)
  })

  test('suppressions are listed by address; lifted ones where asked for', async () => {
    const listShape = z.object({
      items: z.array(z.looseObject({ kind: z.string() })),
      next: z.string().nullable(),
    })
    const list = (query: string) => ledger.api.ok('GET', `/v1/suppressions?${query}`, undefined, listShape)
    const mine = String(new URLSearchParams({ channel: 'email', address: address.toUpperCase() }))
    expect((await list(mine)).items).toMatchObject([
      { kind: 'complained', contactPoint: { id: point, address } },
    ])
    expect((await list('channel=sms')).items).toEqual([])
    await ledger.owner`update suppressions set lifted_at = clock_timestamp()`
    expect((await list(mine)).items).toEqual([])
    expect((await list(`${mine}&lifted=true`)).items).toHaveLength(1)
    const reply = await ledger.api.call('GET', '/v1/suppressions?address=a@example.com')
    expect(reply.body).toMatchObject({ status: 422, errors: [{ pointer: '/query/channel' }] })
  })
})

describe('once the key is destroyed', () => {
  beforeEach(async () => {
    await ledger.owner`update contact_points set data_key = null, data_key_id = null where id = ${point}`
  })

  test('nothing of the person opens any more, and the chain still proves itself', async () => {
    const reply = await ledger.api.call('GET', path)
    const { events, doubleOptIns, verification } = packShape.parse(reply.body)
    expect(events.map((event) => event.evidence)).toEqual(['erased', 'erased'])
    expect(doubleOptIns[0]?.mails[0]?.content).toBe('erased')
    expect(verification).toMatchObject({ events: 2, firstBreak: null })
    expect(reply.text).not.toContain('203.0.113.9')
    expect(reply.text).not.toContain('Confirm it here')
  })

  test('what comes later is sealed with a new key, which opens nothing of before', async () => {
    await state(ledger.api, address, 'opted-out', { circumstances: 'called us' })
    const { events } = await pack()
    expect(events.map((event) => event.evidence)).toMatchObject([
      'erased',
      'erased',
      { circumstances: 'called us' },
    ])
  })
})

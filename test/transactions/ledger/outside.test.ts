/** What other systems may say, and what conditions read of it: own sources, channels that exist, copies with their own time, expiry. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { contacts } from '../../../db/schema/contacts.ts'
import { lazyBindings } from '../../../transactions/runs/bindings.ts'
import {
  check,
  type LedgerApi,
  problemShape,
  said,
  standingOf,
  startLedgerApi,
  state,
} from '../../harness/ledgerApi.ts'

let ledger: LedgerApi
beforeAll(async () => {
  ledger = await startLedgerApi()
})
afterAll(() => ledger.stop())

const contactShape = z.object({ id: z.string() })

function put(externalId: string, body: Record<string, unknown>): Promise<{ id: string }> {
  return ledger.api.ok('PUT', `/v1/contacts/${externalId}`, body, contactShape)
}

describe('a source that only Assent itself can be', () => {
  const own = ['form', 'double-opt-in', 'preference-center', 'one-click', 'sms-keyword', 'complaint']
  test.each(own)('%s is refused from outside, and nothing is recorded', async (kind) => {
    const address = `${kind}@example.com`
    const body = said(address, 'opted-in', { source: { kind } })
    const reply = await ledger.api.call('POST', '/v1/consents', body)
    expect(reply.status).toBe(422)
    const problem = problemShape.parse(reply.body)
    expect(problem).toMatchObject({ code: 'reserved-source', errors: [{ pointer: '/source/kind' }] })
    expect(problem.detail).toContain('api')
    expect((await check(ledger.api, address)).reason).toBe('unknown-contact-point')
  })

  test.each(['api', 'crm', 'import', 'reply', 'staff'])('%s is accepted', async (kind) => {
    const event = await state(ledger.api, `${kind}@example.com`, 'opted-in', { source: { kind } })
    expect(event.state).toBe('opted-in')
  })
})

describe('a channel that does not exist', () => {
  const pigeon = { channel: 'pigeon', address: 'roof 7' }
  const grants = [{ purpose: 'marketing' }]
  const cases: [string, string, string, Record<string, unknown> | undefined, string][] = [
    [
      'a consent',
      'POST',
      '/v1/consents',
      said('', 'opted-out', { contactPoint: pigeon }),
      '/contactPoint/channel',
    ],
    [
      'a double opt-in',
      'POST',
      '/v1/double-opt-ins',
      { contactPoint: pigeon, grants },
      '/contactPoint/channel',
    ],
    ['a contact', 'PUT', '/v1/contacts/bird', { addresses: { pigeon: 'roof 7' } }, '/addresses/pigeon'],
    ['a verification', 'POST', '/v1/consents/verify', { contactPoint: pigeon }, '/contactPoint/channel'],
    ['a look at the states', 'GET', '/v1/consents?channel=pigeon&address=roof', undefined, '/query/channel'],
    [
      'a look at the evidence',
      'GET',
      '/v1/consents/evidence?channel=pigeon&address=roof',
      undefined,
      '/query/channel',
    ],
    ['a look at suppressions', 'GET', '/v1/suppressions?channel=pigeon', undefined, '/query/channel'],
  ]
  test.each(cases)('is refused for %s', async (_name, method, path, body, pointer) => {
    const reply = await ledger.api.call(method, path, body)
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body)).toMatchObject({
      code: 'unknown-channel',
      errors: [{ pointer, code: 'unknown-channel' }],
    })
    const points = await ledger.owner`select from contact_points where channel = 'pigeon'`
    expect(points).toHaveLength(0)
    expect(await ledger.owner`select from contacts where external_id = 'bird'`).toHaveLength(0)
  })

  test('SMS exists although no provider is set', async () => {
    await put('phone-only', { phone: '+43 660 7654321' })
    const body = said('', 'opted-out', { contactPoint: { channel: 'sms', address: '+436607654321' } })
    expect((await ledger.api.call('POST', '/v1/consents', body)).status).toBe(201)
  })
})

describe('an opt-out that is copied to a new address', () => {
  test('keeps the time of the original, so a later opt-in of the new address stays in force', async () => {
    await put('mover', { email: 'old@example.com' })
    const original = await state(ledger.api, 'old@example.com', 'opted-out')
    const granted = await state(ledger.api, 'new@example.com', 'opted-in')
    await put('mover', { email: 'new@example.com' })
    const [copy] =
      await ledger.owner`select occurred_at as "occurredAt", recorded_at as "recordedAt" from consent_events
      where contact_point_id = ${granted.contactPoint} and state = 'opted-out'`
    expect(new Date(copy?.occurredAt).toISOString()).toBe(original.occurredAt)
    expect((await check(ledger.api, 'new@example.com')).reason).toBe('opted-in')
  })

  test('still blocks an address that gave its opt-in earlier, or none', async () => {
    await put('stayer', { email: 'former@example.com' })
    await state(ledger.api, 'next@example.com', 'opted-in')
    await state(ledger.api, 'former@example.com', 'opted-out', { purpose: '*' })
    await put('stayer', { email: 'next@example.com' })
    expect(await standingOf(ledger.api, 'next@example.com', '*')).toBe('opted-out')
    expect((await check(ledger.api, 'next@example.com')).reason).toBe('opted-out')
  })
})

describe('an opt-in past its expiry', () => {
  test('is none to conditions and on the contact, as it is to decisions', async () => {
    const { id } = await put('expired', { email: 'expired@example.com' })
    const evidence = { expiresAt: '2020-01-01T00:00:00Z' }
    await state(ledger.api, 'expired@example.com', 'opted-in', { evidence })
    await state(ledger.api, 'expired@example.com', 'opted-in', { topic: 'newsletter', evidence })
    await state(ledger.api, 'expired@example.com', 'opted-in', { topic: 'events' })
    expect((await check(ledger.api, 'expired@example.com')).reason).toBe('consent-expired')

    const [contact] = await ledger.deps.db.select().from(contacts).where(eq(contacts.id, id))
    if (contact === undefined) throw new Error('no contact')
    // The run's own clock is long before the expiry: consent is judged by the database's.
    const bindings = lazyBindings(ledger.deps.db, contact, '2019-01-01T00:00:00Z')
    const holds = async (condition: string) => (await bindings.judge(condition, { trigger: {} })).holds
    expect(await holds('consent.email["marketing"].state == "none"')).toBe(true)
    expect(await holds('consent.email["marketing"].topics["newsletter"].state == "none"')).toBe(true)
    expect(await holds('consent.email["marketing"].topics["events"].state == "opted-in"')).toBe(true)

    const shown = await ledger.api.ok(
      'GET',
      '/v1/contacts/expired',
      undefined,
      z.object({ consents: z.array(z.object({ topic: z.string().nullable(), state: z.string() })) }),
    )
    expect(Object.fromEntries(shown.consents.map((one) => [one.topic ?? '', one.state]))).toEqual({
      '': 'none',
      newsletter: 'none',
      events: 'opted-in',
    })
  })
})

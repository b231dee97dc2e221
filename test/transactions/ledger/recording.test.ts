/** POST /v1/consents: what is recorded, what is refused, and that nothing is recorded twice. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { consentEvents } from '../../../db/schema/ledger.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { ApiClient, idOf } from '../../harness/client.ts'
import {
  announcedTo,
  check,
  consentShape,
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

async function count(): Promise<{ events: number; points: number }> {
  const [row] = await ledger.deps.db.execute<{ events: number; points: number }>(
    sql`select (select count(*) from consent_events)::int as events, (select count(*) from contact_points)::int as points`,
  )
  return { events: row?.events ?? -1, points: row?.points ?? -1 }
}

function ahead(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString()
}

describe('recording', () => {
  test('each event follows the one before, on one chain per address however it is written', async () => {
    const first = await state(ledger.api, 'One@Example.com', 'opted-in', { topic: 'newsletter' })
    const second = await state(ledger.api, ' one@example.COM ', 'opted-out')
    expect(first).toMatchObject({ seq: 1, topic: 'newsletter', state: 'opted-in', flags: [] })
    expect(first.previousHash).toBe('0'.repeat(64))
    expect(second).toMatchObject({ seq: 2, contactPoint: first.contactPoint, previousHash: first.hash })
    expect(second.flags).toEqual(['no-circumstances', 'no-date', 'no-notice'])
  })

  test('the answer does not repeat the address', async () => {
    const reply = await ledger.api.call('POST', '/v1/consents', said('echo@example.com', 'opted-in'))
    expect(reply.status).toBe(201)
    expect(reply.text).not.toContain('echo@example.com')
  })

  test('an opt-out on SMS is recorded although no SMS provider is set', async () => {
    const body = said('', 'opted-out', { contactPoint: { channel: 'sms', address: '+43 660 1234567' } })
    expect((await ledger.api.call('POST', '/v1/consents', body)).status).toBe(201)
  })

  test('an opt-out of everything is listed as "*" and stands for every purpose', async () => {
    await state(ledger.api, 'everything@example.com', 'opted-in')
    expect(await standingOf(ledger.api, 'everything@example.com', '*')).toBe('not listed')
    await state(ledger.api, 'everything@example.com', 'opted-out', { purpose: '*' })
    expect(await standingOf(ledger.api, 'everything@example.com', '*')).toBe('opted-out')
    expect(await standingOf(ledger.api, 'everything@example.com', 'marketing')).toBe('opted-out')
  })

  test('of an unknown address every purpose is none, and transactional ones are not listed', async () => {
    expect(await standingOf(ledger.api, 'nobody@example.com', 'marketing', 'events')).toBe('none')
    expect(await standingOf(ledger.api, 'nobody@example.com', 'service')).toBe('not listed')
  })

  test('nothing of the person is in the hashed bytes, nor in the columns', async () => {
    await state(ledger.api, 'secret@example.com', 'opted-in', {
      circumstances: 'at the fair, stand forty-two',
      source: { kind: 'staff', via: 'branch', reference: 'slip-4711' },
      evidence: {
        ip: '203.0.113.9',
        userAgent: 'Browser/9.9',
        pageUrl: 'https://www.example.com/sign-up',
        onBehalfOf: 'clerk-seven',
        more: { colour: 'heliotrope' },
      },
    })
    const rows =
      await ledger.owner`select convert_from(bytes, 'utf8') as bytes, e::text as columns from consent_events e`
    const text = rows.map((row) => `${String(row.bytes)} ${String(row.columns)}`).join('\n')
    const words = [
      'secret@',
      'forty-two',
      'slip-4711',
      '203.0.113.9',
      'Browser/9.9',
      'clerk-seven',
      'heliotrope',
    ]
    for (const word of words) expect(text).not.toContain(word)
    expect(text).not.toContain('www.example.com')
  })
})

describe('clocks', () => {
  test('a clock four minutes ahead does not beat a one-click withdrawal now', async () => {
    const address = 'fast-clock@example.com'
    const granted = await state(ledger.api, address, 'opted-in', { occurredAt: ahead(4) })
    expect((await check(ledger.api, address)).reason).toBe('opted-in')
    await ledger.append(granted.contactPoint, {
      kind: 'consent',
      purpose: 'marketing',
      topic: null,
      state: 'opted-out',
      occurredAt: null,
      source: { kind: 'one-click' },
    })
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
  })

  test('more than five minutes ahead is refused, and leaves not even the address', async () => {
    const before = await count()
    const body = said('too-fast@example.com', 'opted-in', { occurredAt: ahead(6) })
    const reply = await ledger.api.call('POST', '/v1/consents', body)
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors[0]?.pointer).toBe('/occurredAt')
    expect(await count()).toEqual(before)
  })

  test('an older event that arrives late changes nothing and raises no trigger', async () => {
    const address = 'late@example.com'
    await state(ledger.api, address, 'opted-out')
    const late = await state(ledger.api, address, 'opted-in', { occurredAt: '2020-01-01T00:00:00Z' })
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
    expect(await announced(late.contactPoint)).toEqual(withdrawnMarketing)
  })

  test('the same statement made twice is recorded twice and raises one trigger', async () => {
    const first = await state(ledger.api, 'twice@example.com', 'opted-out')
    const second = await state(ledger.api, 'twice@example.com', 'opted-out')
    expect(second.seq).toBe(2)
    expect(await announced(first.contactPoint)).toEqual(withdrawnMarketing)
  })
})

/** An opt-out of the purpose, and with it of its topics. */
const withdrawnMarketing = ['-marketing', '-marketing/events', '-marketing/newsletter']

function announced(contactPoint: string): Promise<string[]> {
  return announcedTo(ledger, contactPoint)
}

describe('what is refused, with its place', () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ['no contact point', { contactPoint: undefined }, ['/contactPoint']],
    ['a field that is none', { colour: 'red' }, ['/colour']],
    [
      'an address that is none',
      { contactPoint: { channel: 'email', address: 'nonsense' } },
      ['/contactPoint/address'],
    ],
    [
      'a channel that is none',
      { contactPoint: { channel: 'pigeon', address: 'x' } },
      ['/contactPoint/channel'],
    ],
    ['an unknown purpose', { purpose: 'nonesuch' }, ['/purpose']],
    ['an unknown topic', { topic: 'nonesuch' }, ['/topic']],
    ['a transactional purpose', { purpose: 'service' }, ['/purpose']],
    ['"*" opted in', { purpose: '*' }, ['/purpose']],
    ['"*" with a topic', { purpose: '*', state: 'opted-out', topic: 'events' }, ['/topic']],
    ['no state', { state: 'maybe' }, ['/state']],
    ['an unknown source', { source: { kind: 'rumour' } }, ['/source/kind']],
    [
      'an opt-in without proof',
      { circumstances: undefined, notice: undefined },
      ['/circumstances', '/notice'],
    ],
    ['a time that is none', { occurredAt: 'yesterday' }, ['/occurredAt']],
    ['a time before all calendars', { occurredAt: '0000-01-01T00:00:00Z' }, ['/occurredAt']],
    [
      'an end after all calendars',
      { evidence: { expiresAt: '9999-12-31T23:59:59-01:00' } },
      ['/evidence/expiresAt'],
    ],
    ['U+0000', { circumstances: 'a\u0000b' }, ['/circumstances']],
    [
      'a line break where one line is kept',
      { notice: { id: 'a\nb', version: '1', language: 'en', wording: 'Yes' } },
      ['/notice/id'],
    ],
    ['an IP address that is none', { evidence: { ip: 'localhost' } }, ['/evidence/ip']],
  ]
  test.each(cases)('%s', async (_name, change, pointers) => {
    const before = await count()
    const reply = await ledger.api.call('POST', '/v1/consents', said('bad@example.com', 'opted-in', change))
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors.map((error) => error.pointer)).toEqual(pointers)
    expect(await count()).toEqual(before)
  })

  const queries: [string, string][] = [
    ['address=a@example.com', '/query/channel'],
    ['channel=email', '/query/address'],
    ['channel=email&address=nonsense', '/query/address'],
    ['channel=email&address=a@example.com&asOf=yesterday', '/query/asOf'],
    ['channel=email&address=a@example.com&knownAt=0000-01-01T00:00:00Z', '/query/knownAt'],
  ]
  test.each(queries)('GET ?%s', async (query, pointer) => {
    const reply = await ledger.api.call('GET', `/v1/consents?${query}`)
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors[0]?.pointer).toBe(pointer)
  })

  test('a check is refused for its form only: what is unknown is a verdict', async () => {
    const reply = await ledger.api.call('POST', '/v1/consents/check', {
      contactPoint: { channel: 'email', address: 'nonsense' },
      purpose: 'marketing',
    })
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors[0]?.pointer).toBe('/contactPoint/address')
    expect((await check(ledger.api, 'nobody@example.com')).reason).toBe('unknown-contact-point')
    expect((await check(ledger.api, 'one@example.com', { purpose: 'nonesuch' })).reason).toBe(
      'unknown-purpose',
    )
    expect((await check(ledger.api, 'one@example.com', { topic: 'nonesuch' })).reason).toBe('unknown-topic')
  })

  test('a key for withdrawals records opt-outs that staff took, and nothing else', async () => {
    const body = { name: 'counter', scopes: ['withdrawals'] }
    const { key } = await ledger.api.ok('POST', '/v1/keys', body, z.object({ key: z.string() }))
    const counter = new ApiClient(ledger.api.url, key)
    const taken = said('counter@example.com', 'opted-out', {
      source: { kind: 'staff', via: 'phone', reference: 'call 17' },
    })
    const granted = said('counter@example.com', 'opted-in', { source: { kind: 'staff', via: 'phone' } })
    expect((await counter.call('POST', '/v1/consents', taken)).status).toBe(201)
    expect((await counter.call('POST', '/v1/consents', granted)).status).toBe(403)
    expect(
      (await counter.call('POST', '/v1/consents', said('counter@example.com', 'opted-out'))).status,
    ).toBe(403)
    expect((await counter.call('GET', '/v1/consents?channel=email&address=counter@example.com')).status).toBe(
      403,
    )
  })
})

describe('once', () => {
  test('a repeated Idempotency-Key adds one event and gets the first answer', async () => {
    const headers = { 'Idempotency-Key': 'consent-1' }
    const body = said('once@example.com', 'opted-out')
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => ledger.api.call('POST', '/v1/consents', body, headers)),
    )
    expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201, 201])
    expect(new Set(replies.map((reply) => idOf.parse(reply.body).id)).size).toBe(1)
    expect(consentShape.parse(replies[0]?.body).seq).toBe(1)
    const other = await ledger.api.call(
      'POST',
      '/v1/consents',
      said('other@example.com', 'opted-out'),
      headers,
    )
    expect(other.status).toBe(409)
  })

  test('a refused request leaves its key free', async () => {
    const headers = { 'Idempotency-Key': 'consent-2' }
    const refused = said('again@example.com', 'opted-in', { occurredAt: ahead(9) })
    expect((await ledger.api.call('POST', '/v1/consents', refused, headers)).status).toBe(422)
    const body = said('again@example.com', 'opted-in')
    expect((await ledger.api.call('POST', '/v1/consents', body, headers)).status).toBe(201)
  })
})

describe('appends at the same moment', () => {
  test('two that both wait for the lock make one chain', async () => {
    const address = 'together@example.com'
    const { contactPoint } = await state(ledger.api, address, 'opted-out')
    let arrived = 0
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const remove = installFailpoint('consent:before-lock', async () => {
      arrived += 1
      if (arrived === 2) open()
      await gate
    })
    const both = await Promise.all([
      state(ledger.api, address, 'opted-in'),
      state(ledger.api, address, 'opted-out'),
    ])
    remove()
    await expectOneChain(contactPoint, 3)
    expect(new Set(both.map((one) => one.seq))).toEqual(new Set([2, 3]))
  })

  test('one that is overtaken before the lock follows the one that overtook it', async () => {
    const address = 'overtaken@example.com'
    const { contactPoint } = await state(ledger.api, address, 'opted-out')
    const overtaking: { hash: string }[] = []
    const remove = installFailpoint('consent:before-lock', async () => {
      remove()
      overtaking.push(await state(ledger.api, address, 'opted-in'))
    })
    const overtaken = await state(ledger.api, address, 'opted-out')
    const previousHash = overtaking[0]?.hash
    expect(overtaken).toMatchObject({ seq: 3, previousHash })
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
    await expectOneChain(contactPoint, 3)
  })

  test('eight for a new address create one contact point with one chain', async () => {
    const all = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map(() => state(ledger.api, 'eight@example.com', 'opted-out')),
    )
    const [point = '', ...others] = new Set(all.map((one) => one.contactPoint))
    expect(others).toEqual([])
    await expectOneChain(point, 8)
  })
})

async function expectOneChain(contactPoint: string, length: number): Promise<void> {
  const rows = await ledger.deps.db
    .select({ seq: consentEvents.seq, hash: consentEvents.hash, previous: consentEvents.previousHash })
    .from(consentEvents)
    .where(sql`${consentEvents.contactPointId} = ${contactPoint}::uuid`)
    .orderBy(consentEvents.seq)
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length }, (_, place) => place + 1))
  for (const [place, row] of rows.entries()) {
    if (place > 0) expect(row.previous).toEqual(rows[place - 1]?.hash)
  }
}

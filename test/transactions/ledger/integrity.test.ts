/** The ledger is append-only and proves itself: whatever somebody changes past the database's own refusals is found at its place. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { newId } from '../../../db/ids.ts'
import { consentEvents } from '../../../db/schema/ledger.ts'
import { nextLink } from '../../../domain/ledger/chain.ts'
import { decodeEvent } from '../../../domain/ledger/encode.ts'
import { projectEvent } from '../../../domain/ledger/project.ts'
import { appendEvents, type NewEvent } from '../../../transactions/ledger/appendEvents.ts'
import { rebuild } from '../../../transactions/ledger/rebuild.ts'
import { lockContactPoint } from '../../../transactions/locks.ts'
import { check, type LedgerApi, type Stated, startLedgerApi, state } from '../../harness/ledgerApi.ts'
import { reportShape, verifyWhole } from '../../harness/verification.ts'

let ledger: LedgerApi
beforeAll(async () => {
  ledger = await startLedgerApi()
})
afterAll(() => ledger.stop())

function verify(address: string): Promise<z.output<typeof reportShape>> {
  const body = { contactPoint: { channel: 'email', address } }
  return ledger.api.ok('POST', '/v1/consents/verify', body, reportShape)
}

const optOut: NewEvent = {
  kind: 'consent',
  purpose: 'marketing',
  topic: null,
  state: 'opted-out',
  occurredAt: null,
  source: { kind: 'one-click' },
}

describe('the database refuses', () => {
  const statements = [
    "update consent_events set purpose = 'other'",
    'delete from consent_events',
    'truncate consent_events cascade',
    "update notices set wording = 'other'",
    'delete from notices',
  ]
  test.each(statements)('%s, to its owner and to the application', async (statement) => {
    await state(ledger.api, 'refused@example.com', 'opted-in')
    await expect(ledger.owner.unsafe(statement)).rejects.toThrow(/append-only/)
    const asApplication = ledger.deps.db.transaction((tx) => tx.execute(sql.raw(statement)))
    await expect(asApplication).rejects.toMatchObject({ cause: { code: '42501' } })
  })
})

describe('an untouched ledger', () => {
  test('verifies whole, over more contact points and events than one page holds', async () => {
    const long = await state(ledger.api, 'long@example.com', 'opted-in')
    await ledger.append(long.contactPoint, ...Array.from({ length: 1_100 }, () => optOut))
    await ledger.owner`insert into contact_points (id, channel, address)
      select gen_random_uuid(), 'email', 'filler-' || n || '@example.com' from generate_series(1, 450) n`
    await state(ledger.api, 'filler-7@example.com', 'opted-out')
    const report = await verifyWhole(ledger.api, ledger.deps)
    expect(report.state).toBe('finished')
    expect(report.firstBreak).toBeNull()
    expect(report.states.firstDifference).toBeNull()
    const [counted] = await ledger.owner`select (select count(*) from contact_points)::int as "contactPoints",
      (select count(*) from consent_events)::int as events, (select count(*) from consent_states)::int as checked`
    expect({
      contactPoints: report.contactPoints,
      events: report.events,
      checked: report.states.checked,
    }).toEqual(counted)
    expect(await verify('long@example.com')).toMatchObject({
      contactPoints: 1,
      events: 1_101,
      firstBreak: null,
    })
  })

  test('is rebuilt to the very same states', async () => {
    const before = await ledger.owner`select *, xmin::text from consent_states order by 1, 2, 3`
    expect(before.length).toBeGreaterThan(0)
    expect(await rebuild(ledger.deps, { batch: 7 })).toMatchObject({ differed: 0 })
    expect(await ledger.owner`select *, xmin::text from consent_states order by 1, 2, 3`).toEqual(before)
  })

  test('verification of an unknown address is a 404', async () => {
    const body = { contactPoint: { channel: 'email', address: 'nobody@example.com' } }
    expect((await ledger.api.call('POST', '/v1/consents/verify', body)).status).toBe(404)
  })
})

describe('tampering is found', () => {
  /** Three events; the second is the one tampered with. */
  async function chainOf(address: string): Promise<[Stated, Stated, Stated]> {
    return [
      await state(ledger.api, address, 'opted-in', { topic: 'newsletter' }),
      await state(ledger.api, address, 'opted-out'),
      await state(ledger.api, address, 'opted-in', { topic: 'events' }),
    ]
  }

  const changes: [string, string, number, string][] = [
    ['a column', `update consent_events set state = 'opted-in' where id = '{2}'`, 2, 'projection-differs'],
    [
      'an unknown kind',
      `update consent_events set kind = 'nonsense' where id = '{2}'`,
      2,
      'projection-differs',
    ],
    [
      'an impossible state',
      `update consent_events set state = 'perhaps' where id = '{2}'`,
      2,
      'projection-differs',
    ],
    [
      'an infinite time',
      `update consent_events set recorded_at = 'infinity' where id = '{2}'`,
      2,
      'projection-differs',
    ],
    [
      'a time before Christ',
      `update consent_events set occurred_at = '0044-03-15 00:00:00+00 BC' where id = '{2}'`,
      2,
      'projection-differs',
    ],
    [
      'one byte',
      `update consent_events set bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) where id = '{2}'`,
      2,
      'hash-mismatch',
    ],
    [
      'bytes with a hash to match',
      `update consent_events set bytes = 'x', hash = sha256(previous_hash || 'x'::bytea) where id = '{2}'`,
      2,
      'bytes-unreadable',
    ],
    [
      'the hash before',
      `update consent_events set previous_hash = hash where id = '{2}'`,
      2,
      'hash-mismatch',
    ],
    ['an event taken out', `delete from consent_events where id = '{2}'`, 2, 'sequence-gap'],
    ['the last event taken out', `delete from consent_events where id = '{3}'`, 3, 'head-differs'],
    [
      'an event moved away',
      `update consent_events set contact_point_id = '00000000-0000-7000-8000-000000000000' where id = '{2}'`,
      2,
      'sequence-gap',
    ],
    ['the head', `update contact_points set head_seq = 9 where id = '{point}'`, 4, 'head-differs'],
  ]
  test.each(changes)('%s', async (name, statement, seq, problem) => {
    const address = `${name.replaceAll(' ', '-')}@example.com`
    const events = await chainOf(address)
    await ledger.tamper(
      statement
        .replace('{2}', events[1].id)
        .replace('{3}', events[2].id)
        .replace('{point}', events[1].contactPoint),
    )
    const report = await verify(address)
    expect(report.firstBreak).toMatchObject({ contactPoint: events[1].contactPoint, seq, problem })
  })

  test('the wording of a notice', async () => {
    const address = 'wording@example.com'
    const notice = { id: 'n', version: '1', language: 'en', wording: 'Only this one.' }
    const event = await state(ledger.api, address, 'opted-in', { notice })
    await ledger.tamper("update notices set wording = 'Everything.' where wording = 'Only this one.'")
    expect((await verify(address)).firstBreak).toMatchObject({
      event: event.id,
      seq: 1,
      problem: 'notice-differs',
    })
  })

  test('a state that the ledger does not yield, and rebuild puts it right', async () => {
    const address = 'state@example.com'
    const event = await state(ledger.api, address, 'opted-out')
    await ledger.owner`update consent_states set entry = jsonb_set(entry, '{newest,state}', '"opted-in"')
      where contact_point_id = ${event.contactPoint}`
    expect((await check(ledger.api, address)).reason).toBe('opted-in')
    expect((await verify(address)).states.firstDifference).toEqual({
      contactPoint: event.contactPoint,
      purpose: 'marketing',
      topic: null,
    })
    await ledger.tamper(
      "delete from consent_events where kind = 'nonsense' or state = 'perhaps' or recorded_at = 'infinity'",
    )
    await ledger.tamper("delete from consent_events where occurred_at < '0001-01-01'")
    expect((await rebuild(ledger.deps)).differed).toBeGreaterThan(0)
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
    expect((await verify(address)).states.firstDifference).toBeNull()
    expect((await rebuild(ledger.deps)).differed).toBe(0)
  })

  test('a state too much, a state too few, and garbage for a state', async () => {
    const event = await state(ledger.api, 'states@example.com', 'opted-out')
    const point = event.contactPoint
    await ledger.owner`insert into consent_states values (${point}, 'statistics', '', '[1]')`
    expect((await verify('states@example.com')).states.firstDifference?.purpose).toBe('statistics')
    await ledger.owner`delete from consent_states where contact_point_id = ${point}`
    expect((await verify('states@example.com')).states.firstDifference?.purpose).toBe('marketing')
  })

  test('a contact point taken away from under its events', async () => {
    const other = await startLedgerApi()
    try {
      const event = await state(other.api, 'gone@example.com', 'opted-out')
      await other.tamper('delete from contact_points')
      const report = await verifyWhole(other.api, other.deps)
      expect(report.firstBreak).toMatchObject({
        contactPoint: event.contactPoint,
        seq: 1,
        problem: 'orphaned',
      })
      expect(report.states.firstDifference).toMatchObject({
        contactPoint: event.contactPoint,
        purpose: 'marketing',
      })
    } finally {
      await other.stop()
    }
  })
})

describe('appending', () => {
  test('several appends of one transaction need but one lock', async () => {
    const { contactPoint } = await state(ledger.api, 'several@example.com', 'opted-in')
    await ledger.deps.db.transaction(async (tx) => {
      const row = await lockContactPoint(tx, contactPoint)
      await appendEvents(tx, ledger.deps, row, [optOut])
      await appendEvents(tx, ledger.deps, row, [optOut])
    })
    expect(await verify('several@example.com')).toMatchObject({ events: 3, firstBreak: null })
  })

  test('a database clock that was set back does not date a withdrawal before its opt-in', async () => {
    const address = 'set-back@example.com'
    const { contactPoint } = await state(ledger.api, address, 'opted-out')
    const ahead = new Date(Date.now() + 3_600_000).toISOString()
    await recordWithClockAt(contactPoint, ahead)
    const { events } = await ledger.append(contactPoint, optOut)
    expect(events[0]?.recordedAt).toBe(ahead)
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
    expect((await verify(address)).firstBreak).toBeNull()
  })

  /** An opt-in as it would have been appended by a clock that was ahead. */
  async function recordWithClockAt(contactPoint: string, clock: string): Promise<void> {
    const { db } = ledger.deps
    const [last] = await db
      .select()
      .from(consentEvents)
      .where(sql`${consentEvents.contactPointId} = ${contactPoint}::uuid`)
    if (last === undefined) throw new Error('there is no event to follow')
    const before = decodeEvent(last.bytes)
    const event = {
      ...before,
      id: newId(),
      seq: last.seq + 1,
      state: 'opted-in' as const,
      occurredAt: clock,
      recordedAt: clock,
      sealed: null,
    }
    const link = nextLink({ seq: last.seq, hash: last.hash }, event)
    await db.transaction((tx) => tx.insert(consentEvents).values({ ...projectEvent(event), ...link }))
    await ledger.owner`update contact_points set head_seq = ${link.seq}, head_hash = ${Buffer.from(link.hash)} where id = ${contactPoint}`
  }

  test('an erased contact point takes a withdrawal without keeping anything of the person, and no permission', async () => {
    const address = 'erased@example.com'
    const { contactPoint } = await state(ledger.api, address, 'opted-in')
    await ledger.owner`update contact_points set data_key = null, data_key_id = null, erased_at = clock_timestamp()
      where id = ${contactPoint}`
    const sealed = { ip: '203.0.113.9' }
    await ledger.append(contactPoint, { ...optOut, sealed })
    const [row] = await ledger.owner`select state, convert_from(bytes, 'utf8')::jsonb ? 'sealed' as kept,
      (select data_key from contact_points p where p.id = e.contact_point_id) as key
      from consent_events e where contact_point_id = ${contactPoint} order by seq desc limit 1`
    expect(row).toEqual({ state: 'opted-out', kept: false, key: null })
    expect((await check(ledger.api, address)).reason).toBe('opted-out')
    await expect(ledger.append(contactPoint, { ...optOut, state: 'opted-in' })).rejects.toThrow(/erased/)
    expect((await verify(address)).firstBreak).toBeNull()
  })
})

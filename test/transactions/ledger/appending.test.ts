/** What an append costs and keeps: the same however long the chain is, and always what the whole ledger folds to. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../../db/connect.ts'
import { newId } from '../../../db/ids.ts'
import { readFoldEvents } from '../../../db/reads/foldEvents.ts'
import { readStandings } from '../../../db/reads/standings.ts'
import { readStoredStates, stateDifference } from '../../../db/reads/stateDifference.ts'
import { fold } from '../../../domain/consent/fold.ts'
import { appendEvents, type NewEvent } from '../../../transactions/ledger/appendEvents.ts'
import { rebuild } from '../../../transactions/ledger/rebuild.ts'
import { lockContactPoint } from '../../../transactions/locks.ts'
import { announcedTo, check, type LedgerApi, startLedgerApi, state } from '../../harness/ledgerApi.ts'

let ledger: LedgerApi
beforeAll(async () => {
  ledger = await startLedgerApi()
})
afterAll(() => ledger.stop())

const optOut: NewEvent = {
  kind: 'consent',
  purpose: 'marketing',
  topic: null,
  state: 'opted-out',
  occurredAt: null,
  source: { kind: 'one-click' },
}
const optIn: NewEvent = { ...optOut, state: 'opted-in', topic: 'newsletter' }
const late: NewEvent = { ...optOut, topic: 'events', occurredAt: '2020-01-01T00:00:00.000Z' }

const request = '019341f0-7c00-7000-8000-00000000d0e1'
const pending: NewEvent = {
  ...optOut,
  kind: 'pending',
  state: null,
  topic: 'newsletter',
  related: { doubleOptIn: request },
}

/** Rows of the ledger and beside it that one append reads, as the database counts them. */
async function rowsRead(contactPoint: string, statement: NewEvent): Promise<number> {
  return ledger.deps.db.transaction(async (tx) => {
    const row = await lockContactPoint(tx, contactPoint)
    // A table as small as a test's is scanned whole, whatever indexes it has.
    await tx.execute(sql`set local enable_seqscan = off`)
    const before = await countedSoFar(tx)
    await appendEvents(tx, ledger.deps, row, [statement])
    return (await countedSoFar(tx)) - before
  })
}

async function countedSoFar(tx: Db): Promise<number> {
  const [read] = await tx.execute<{ rows: number }>(sql`
    select sum(seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables
    where relname in ('consent_events', 'consent_states', 'double_opt_ins')`)
  return read?.rows ?? 0
}

async function chainOf(address: string, length: number): Promise<string> {
  const { contactPoint } = await state(ledger.api, address, 'opted-in')
  for (let have = 1; have < length; have += 50) {
    const statements = Array.from({ length: Math.min(50, length - have) }, (_, place) =>
      place % 2 === 0 ? optOut : optIn,
    )
    await ledger.append(contactPoint, ...statements)
  }
  return contactPoint
}

describe('an append', () => {
  test.each<[string, () => NewEvent]>([
    ['an opt-out', () => optOut],
    ['an opt-out of everything', () => ({ ...optOut, purpose: '*' })],
    ['late news', () => late],
    ['a request', () => ({ ...pending, related: { doubleOptIn: newId() } })],
  ])('reads as many rows for %s on a chain of 800 events as on one of 6', async (name, statement) => {
    const word = name.replaceAll(' ', '-')
    const short = await chainOf(`short-${word}@example.com`, 6)
    const long = await chainOf(`long-${word}@example.com`, 800)
    await ledger.owner`analyze consent_events, consent_states, double_opt_ins`
    const few = await rowsRead(short, statement())
    expect(few).toBeGreaterThan(0)
    expect(await rowsRead(long, statement())).toBe(few)
  })

  test('folds the whole chain for a retraction: the earlier state is in force again', async () => {
    const granted = await state(ledger.api, 'undo@example.com', 'opted-in')
    const stop = await state(ledger.api, 'undo@example.com', 'opted-out', { purpose: '*' })
    const retraction: NewEvent = {
      ...optOut,
      kind: 'retraction',
      purpose: '*',
      state: null,
      related: { retracts: stop.id },
    }
    await ledger.append(granted.contactPoint, retraction)
    expect((await check(ledger.api, 'undo@example.com')).reason).toBe('opted-in')
  })

  test('keeps states that equal the whole ledger, through requests, late news, retractions and everything off', async () => {
    const { contactPoint, id } = await state(ledger.api, 'mixed@example.com', 'opted-in')
    const retraction: NewEvent = { ...optOut, kind: 'retraction', state: null, related: { retracts: id } }
    const all: NewEvent[][] = [
      [pending, { ...pending, topic: 'events' }],
      [late],
      [{ ...optOut, purpose: '*' }],
      [optIn, { ...optIn, topic: 'events' }],
      [pending],
      [{ ...pending, kind: 'pending-ended' }],
      [retraction],
      [{ ...optOut, purpose: 'statistics' }, optIn],
      [optOut],
    ]
    for (const statements of all) {
      const { standings } = await ledger.append(contactPoint, ...statements)
      expect(standings).toEqual(fold(await readFoldEvents(ledger.deps.db, contactPoint)))
      const stored = await readStoredStates(ledger.deps.db, [contactPoint])
      expect(stateDifference(stored.get(contactPoint) ?? [], standings)).toBeNull()
    }
    expect((await rebuild(ledger.deps)).differed).toBe(0)
  })

  test('leaves states that did not change as they are', async () => {
    const { contactPoint } = await state(ledger.api, 'untouched@example.com', 'opted-in')
    await state(ledger.api, 'untouched@example.com', 'opted-in', { topic: 'events' })
    const versions = () =>
      ledger.owner`select topic, xmin::text from consent_states where contact_point_id = ${contactPoint} order by topic`
    const [purpose, topic] = await versions()
    await ledger.append(contactPoint, { ...optIn, topic: 'events' })
    const after = await versions()
    expect(after[0]).toEqual(purpose)
    expect(after[1]).not.toEqual(topic)
  })

  test('takes a withdrawal although the stored states are damaged, and mends them from the ledger', async () => {
    const { contactPoint } = await state(ledger.api, 'damaged@example.com', 'opted-in')
    await state(ledger.api, 'damaged@example.com', 'opted-in', { topic: 'events' })
    await ledger.owner`update consent_states set entry = '[1]' where contact_point_id = ${contactPoint}`
    await state(ledger.api, 'damaged@example.com', 'opted-out')
    expect(await readStandings(ledger.deps.db, contactPoint)).toEqual(
      fold(await readFoldEvents(ledger.deps.db, contactPoint)),
    )
    expect((await check(ledger.api, 'damaged@example.com', { topic: 'events' })).reason).toBe('opted-out')
    expect((await rebuild(ledger.deps)).differed).toBe(0)
  })
})

describe('changes are announced, each purpose and topic by its name', () => {
  const everything = ['-*', '-marketing', '-marketing/events', '-marketing/newsletter', '-statistics']

  test('everything off, an opt-in after it, and everything off again', async () => {
    const { contactPoint } = await state(ledger.api, 'off-twice@example.com', 'opted-out', { purpose: '*' })
    expect(await announcedTo(ledger, contactPoint)).toEqual(everything)
    await state(ledger.api, 'off-twice@example.com', 'opted-in', { topic: 'events' })
    await state(ledger.api, 'off-twice@example.com', 'opted-out', { purpose: '*' })
    expect(await announcedTo(ledger, contactPoint)).toEqual([
      ...everything,
      '+marketing/events',
      '-*',
      '-marketing/events',
    ])
  })

  test('a purpose that is out already withdraws the topic that is in', async () => {
    const { contactPoint } = await state(ledger.api, 'purpose-twice@example.com', 'opted-out')
    await state(ledger.api, 'purpose-twice@example.com', 'opted-in', { topic: 'events' })
    await state(ledger.api, 'purpose-twice@example.com', 'opted-out')
    const announced = await announcedTo(ledger, contactPoint)
    expect(announced.slice(-2)).toEqual(['+marketing/events', '-marketing/events'])
  })

  test('a retraction: what it gives back and what it takes', async () => {
    const granted = await state(ledger.api, 'retracted@example.com', 'opted-in')
    const stop = await state(ledger.api, 'retracted@example.com', 'opted-out', { topic: 'events' })
    const retract = (event: { id: string; topic: string | null }): NewEvent => ({
      ...optOut,
      kind: 'retraction',
      topic: event.topic,
      state: null,
      related: { retracts: event.id },
    })
    await ledger.append(granted.contactPoint, retract(granted))
    await ledger.append(granted.contactPoint, retract(stop))
    expect(await announcedTo(ledger, granted.contactPoint)).toEqual([
      '+marketing',
      '-marketing/events',
      '-marketing',
    ])
  })
})

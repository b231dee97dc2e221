/** A contact point whose key does not open (an operator lost it, or gave a wrong one): no withdrawal is stopped by that, by whatever way it comes. */
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { consentEvents } from '../../db/schema/ledger.ts'
import { decodeEvent } from '../../domain/ledger/encode.ts'
import { advanceRequest } from '../../transactions/doubleOptIns/advanceRequest.ts'
import { appendEvents } from '../../transactions/ledger/appendEvents.ts'
import { lockContactPoint } from '../../transactions/locks.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf } from '../harness/client.ts'
import { optIn, optOut, type Person, putBrand, putPerson } from '../harness/fixtures.ts'
import { decisionShape } from '../harness/ledgerApi.ts'
import { all, attribute } from '../pages/elements.ts'
import { sent } from '../pages/sent.ts'

let assent: Assent
let log: string[] = []
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  assent.deps.log = pino({}, { write: (line: string) => log.push(line) })
})
afterAll(() => assent.stop())
beforeEach(() => {
  log = []
})

const newsletter = { purpose: 'marketing', topic: 'newsletter' }

async function pointOf(email: string): Promise<string> {
  const id = await findContactPoint(assent.deps.db, 'email', email)
  if (id === null) throw new Error('the address is not known')
  return id
}

async function loseKey(email: string): Promise<void> {
  const id = await pointOf(email)
  await assent.deps.db.transaction((tx) =>
    tx.update(contactPoints).set({ dataKeyId: 'lost' }).where(eq(contactPoints.id, id)),
  )
}

async function restoreKey(email: string): Promise<void> {
  const { newest } = assent.deps.dataKeys
  const id = await pointOf(email)
  await assent.deps.db.transaction((tx) =>
    tx.update(contactPoints).set({ dataKeyId: newest.id }).where(eq(contactPoints.id, id)),
  )
}

async function eventsOf(email: string) {
  const rows = await assent.deps.db
    .select({ bytes: consentEvents.bytes })
    .from(consentEvents)
    .where(eq(consentEvents.contactPointId, await pointOf(email)))
    .orderBy(consentEvents.seq)
  return rows.map((row) => decodeEvent(row.bytes))
}

async function reasonFor(email: string): Promise<string> {
  const body = { contactPoint: { channel: 'email', address: email }, ...newsletter }
  return (await assent.api.ok('POST', '/v1/consents/check', body, decisionShape)).reason
}

/** A person who opted in to the newsletter, and whose key was lost after that. */
async function subscriber(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

async function request(person: Person): Promise<string> {
  const contactPoint = { channel: 'email', address: person.email }
  const body = { contactPoint, grants: [newsletter], circumstances: 'footer form' }
  return (await assent.api.ok('POST', '/v1/double-opt-ins', body, idOf)).id
}

async function stateOf(id: string): Promise<string | undefined> {
  return (await assent.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id)))[0]?.state
}

/** The last event, recorded without what is under the key, and an alarm that names nobody. */
async function expectUnsealed(person: Person, event: { kind: string; state: string | null }): Promise<void> {
  const last = (await eventsOf(person.email)).at(-1)
  expect(last).toMatchObject({ ...event, sealed: null })
  expect(last?.flags).toContain('not-sealed')
  const alarms = log.filter((line) => line.includes('evidence-key-unavailable'))
  expect(alarms.length).toBeGreaterThan(0)
  for (const line of alarms) {
    expect(JSON.parse(line)).toMatchObject({ level: 50, contactPoint: await pointOf(person.email) })
    expect(line).not.toContain(person.email)
    expect(line).not.toContain(person.externalId)
  }
}

const withdrawn = { kind: 'consent', state: 'opted-out' }

describe('a withdrawal counts', () => {
  it('that a system states', async () => {
    const person = await subscriber()
    await loseKey(person.email)
    await optOut(assent.api, person.email, 'marketing', 'newsletter')
    await expectUnsealed(person, withdrawn)
    expect(await reasonFor(person.email)).toBe('topic-opted-out')
  })

  it('by one-click, and by the button of the unsubscribe page', async () => {
    for (const fields of [{ 'List-Unsubscribe': 'One-Click' }, { unsubscribe: '1' }]) {
      log = []
      const person = await subscriber()
      const mail = await sent(assent, person)
      await loseKey(person.email)
      const body = new URLSearchParams(fields)
      expect((await fetch(mail.url('/unsubscribe'), { method: 'POST', body })).status).toBe(200)
      await expectUnsealed(person, withdrawn)
      expect(await reasonFor(person.email)).toBe('topic-opted-out')
    }
  })

  it('by the button for everything in the preference centre', async () => {
    const person = await subscriber()
    const mail = await sent(assent, person)
    await loseKey(person.email)
    const page = await (await fetch(mail.url('/preferences'))).text()
    const seen = all(page, 'input').find((input) => attribute(input, 'name') === 'seen')
    const body = new URLSearchParams({ seen: (seen && attribute(seen, 'value')) ?? '', action: 'nothing' })
    expect((await fetch(mail.url('/preferences'), { method: 'POST', body })).status).toBe(200)
    await expectUnsealed(person, withdrawn)
    expect(await reasonFor(person.email)).toBe('opted-out')
  })

  it('that is copied to a new address whose key is lost', async () => {
    const person = await subscriber()
    const other = await subscriber()
    await optOut(assent.api, person.email, '*')
    await loseKey(other.email)
    await assent.api.put(`/v1/contacts/${person.externalId}`, { email: other.email })
    await expectUnsealed(other, withdrawn)
  })

  it('that meets a double opt-in under way: it is withdrawn', async () => {
    const person = await putPerson(assent.api)
    const id = await request(person)
    await loseKey(person.email)
    await optOut(assent.api, person.email, '*')
    await expectUnsealed(person, withdrawn)
    expect(await stateOf(id)).toBe('withdrawn')
  })

  it('that retracts an opt-in', async () => {
    const person = await subscriber()
    await loseKey(person.email)
    const [granted] = await eventsOf(person.email)
    if (granted === undefined) throw new Error('no event')
    await assent.deps.db.transaction(async (tx) =>
      appendEvents(tx, assent.deps, await lockContactPoint(tx, granted.contactPoint), [
        {
          kind: 'retraction',
          ...newsletter,
          state: null,
          occurredAt: null,
          source: { kind: 'import' },
          related: { retracts: granted.id },
        },
      ]),
    )
    await expectUnsealed(person, { kind: 'retraction', state: null })
    expect(await reasonFor(person.email)).toBe('no-topic-consent')
  })
})

describe('a double opt-in', () => {
  it('expires', async () => {
    const person = await putPerson(assent.api)
    const id = await request(person)
    await loseKey(person.email)
    const next = await advanceRequest(assent.deps, { request: id, now: '2099-01-01T00:00:00.000Z' })
    expect(next).toMatchObject({ do: 'end', state: 'expired' })
    await expectUnsealed(person, { kind: 'pending-ended', state: null })
  })

  it('is not asked for, since the request is part of the proof', async () => {
    const person = await subscriber()
    await loseKey(person.email)
    const before = await eventsOf(person.email)
    const reply = await assent.api.call('POST', '/v1/double-opt-ins', {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing' }],
    })
    expect(reply.status).toBe(503)
    expect(reply.body).toMatchObject({ code: 'evidence-key-unavailable' })
    expect(await eventsOf(person.email)).toEqual(before)
  })
})

describe('permission', () => {
  const body = (person: Person) => ({
    contactPoint: { channel: 'email', address: person.email },
    purpose: 'marketing',
    state: 'opted-in',
    source: { kind: 'api' },
    circumstances: 'ticked the box of the sign-up form',
    notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
  })

  it('is refused until the key is back, with the reason, and an alarm', async () => {
    const person = await subscriber()
    await loseKey(person.email)
    const reply = await assent.api.call('POST', '/v1/consents', body(person))
    expect(reply.status).toBe(503)
    expect(reply.body).toMatchObject({ code: 'evidence-key-unavailable' })
    expect(log.some((line) => line.includes('evidence-key-unavailable'))).toBe(true)
    await restoreKey(person.email)
    expect((await assent.api.call('POST', '/v1/consents', body(person))).status).toBe(201)
    const [first, second] = await eventsOf(person.email)
    expect(first?.sealed?.key).toBe(second?.sealed?.key)
    expect(second?.flags).toEqual([])
  })
})

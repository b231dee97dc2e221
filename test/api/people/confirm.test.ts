/** The confirmation page over HTTP, in each state a request can be in. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findContactPoint } from '../../../db/reads/contactPoint.ts'
import { doubleOptIns, doubleOptInTokens } from '../../../db/schema/doubleOptIns.ts'
import { hashToken, newToken } from '../../../domain/messages/handles.ts'
import { doubleOptInShape, type Notice } from '../../../domain/shapes/consent.ts'
import { requestDoubleOptIn } from '../../../transactions/doubleOptIns/requestDoubleOptIn.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { optOut, type Person, putBrand, putPerson } from '../../harness/fixtures.ts'
import { all, textOf } from '../../pages/elements.ts'
import { newestEvent, statements } from '../../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const both = [
  { purpose: 'marketing', topic: 'events' },
  { purpose: 'marketing', topic: 'newsletter' },
]
const formNotice: Notice = { id: 'footer-form', version: '3', language: 'en', wording: 'Yes, write to me.' }

/** A request with a token that we know, as if its mail had come. */
async function requested(more: { notice?: Notice } = {}) {
  const person = await putPerson(assent.api)
  const input = doubleOptInShape.parse({
    contactPoint: { channel: 'email', address: person.email },
    grants: both,
    ...more,
  })
  const { id } = await requestDoubleOptIn(assent.deps, input, { caller: 'test' })
  const token = newToken()
  await assent.deps.db.transaction((tx) =>
    tx.insert(doubleOptInTokens).values({ hash: Buffer.from(hashToken(token), 'hex'), doubleOptIn: id }),
  )
  const point = await findContactPoint(assent.deps.db, 'email', person.email)
  if (point === null) throw new Error('no contact point')
  return { person, id, point, url: `${assent.url}/confirm/${token}` }
}

const post = (url: string, fields: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

const expire = (id: string) =>
  assent.deps.db.transaction((tx) =>
    tx.update(doubleOptIns).set({ expiresAt: '2026-01-01T00:00:00.000Z' }).where(eq(doubleOptIns.id, id)),
  )

const requestsOf = (person: Person) => async () => {
  const point = await findContactPoint(assent.deps.db, 'email', person.email)
  const rows = await assent.deps.db.select().from(doubleOptIns).orderBy(doubleOptIns.id)
  return rows.filter((row) => row.contactPointId === point)
}

describe('a pending request', () => {
  it('is shown with what it asks and a button; looking at it, also by HEAD, changes nothing', async () => {
    const { person, point, url } = await requested()
    await fetch(url, { method: 'HEAD' })
    const page = await (await fetch(url)).text()
    for (const word of [
      'Newsletter',
      'Once a month',
      'Events',
      'Invitations',
      'Northpath',
      'p***@e***.com',
    ]) {
      expect(page).toContain(word)
    }
    expect(page).not.toContain(person.email)
    expect(all(page, 'button').map(textOf)).toEqual(['Yes, I confirm'])
    expect(await statements(assent, point)).toEqual([
      'pending marketing/events',
      'pending marketing/newsletter',
    ])
  })

  it('is confirmed by the button, once; then the page says so', async () => {
    const { point, url } = await requested()
    const answer = await post(`${url}?lang=de`)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('Danke für Ihre Bestätigung')
    const { event, evidence } = await newestEvent(assent, point)
    expect(event.notice).toMatchObject({ id: 'double-opt-in-page', language: 'de' })
    expect(evidence).toMatchObject({
      actor: { kind: 'subject' },
      ip: '127.0.0.1',
      pageUrl: `${assent.url}/confirm`,
    })
    expect(await (await post(url)).text()).toContain('You have already confirmed this')
    expect(await (await fetch(url)).text()).toContain('You have already confirmed this')
    expect((await statements(assent, point)).slice(2)).toEqual([
      'opted-in marketing/events',
      'opted-in marketing/newsletter',
    ])
  })

  it('names only what nothing has ended since', async () => {
    const { person, point, url } = await requested()
    await optOut(assent.api, person.email, 'marketing', 'events')
    expect(await (await fetch(url)).text()).not.toContain('Invitations')
    const page = await (await post(url)).text()
    expect(page).toContain('Once a month')
    expect(page).not.toContain('Invitations')
    expect((await statements(assent, point)).at(-1)).toBe('opted-in marketing/newsletter')
  })

  it('is not confirmed by a body that the page never sends', async () => {
    const { point, url } = await requested()
    expect((await post(url, { yes: 'perhaps' })).status).toBe(400)
    expect(await statements(assent, point)).toHaveLength(2)
  })

  it('gets no further mail by asking on its page', async () => {
    const { person, url } = await requested()
    expect(await (await post(url, { again: '1' })).text()).toContain('Please confirm')
    expect((await requestsOf(person)()).map((row) => [row.state, row.mails.length])).toEqual([['pending', 1]])
  })
})

describe('an expired request', () => {
  it('offers a new mail, and asks for exactly the same again, with the wording of the form', async () => {
    const { person, id, point, url } = await requested({ notice: formNotice })
    await expire(id)
    expect(await (await fetch(url)).text()).toContain('Send me a new e-mail')
    expect(await statements(assent, point)).toHaveLength(2)
    const late = await (await post(url)).text()
    expect(late).toContain('This link has expired')
    const answer = await post(url, { again: '1' })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('A new e-mail is on its way')
    const [first, second, ...more] = await requestsOf(person)()
    expect(more).toEqual([])
    expect(first).toMatchObject({ id, state: 'expired' })
    expect(second).toMatchObject({
      state: 'pending',
      grants: first?.grants,
      profile: 'default',
      noticeHash: first?.noticeHash,
    })
    expect((await newestEvent(assent, point)).evidence.circumstances).toContain(id)
  })

  it('expires on the request for a new mail if it was still open; two such requests make one new double opt-in', async () => {
    const { person, id, url } = await requested()
    await expire(id)
    await post(url, { again: '1' })
    await post(url, { again: '1' })
    expect((await requestsOf(person)()).map((row) => [row.state, row.mails.length])).toEqual([
      ['expired', 1],
      ['pending', 1],
    ])
  })
})

it('a withdrawn request says so, and grants nothing', async () => {
  const { person, point, url } = await requested()
  await optOut(assent.api, person.email, '*')
  expect(await (await fetch(url)).text()).toContain('This request was withdrawn')
  expect(await (await post(url)).text()).toContain('This request was withdrawn')
  expect(await (await post(url, { again: '1' })).text()).toContain('This request was withdrawn')
  expect((await statements(assent, point)).at(-1)).toBe('opted-out *')
})

/** The preference centre over HTTP, by the form that it shows. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../../../db/ids.ts'
import { findOrCreateContactPoint } from '../../../db/reads/contactPoint.ts'
import { contactAddresses, contactPoints } from '../../../db/schema/contacts.ts'
import { suppressions } from '../../../db/schema/ledger.ts'
import { outbox, triggerEvents } from '../../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { commercial, optIn, optOut, type Person, putBrand, putPerson } from '../../harness/fixtures.ts'
import { until } from '../../harness/until.ts'
import { all, attribute } from '../../pages/elements.ts'
import { newestEvent, type Sent, sent, statements } from '../../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.api.put('/v1/purposes/surveys', {
    name: 'Surveys',
    description: 'How was it?',
    kind: 'commercial',
    enforcement: 'non-restrictive',
    topics: [{ key: 'yearly', name: 'Yearly', description: 'Once a year' }],
  })
})
afterAll(() => assent.stop())

/** The page's form as a browser would send it. */
class Form {
  readonly fields: Map<string, string>
  readonly #url: string

  constructor(url: string, page: string) {
    this.#url = url
    const inputs = all(page, 'input').filter(
      (input) => attribute(input, 'type') !== 'checkbox' || attribute(input, 'checked') !== null,
    )
    this.fields = new Map(
      inputs.map((input) => [attribute(input, 'name') ?? '', attribute(input, 'value') ?? '']),
    )
  }

  /** Of the address itself. */
  get ticked(): string[] {
    return [...this.fields.keys()].filter((name) => name.startsWith('is::'))
  }

  tick(name: string): this {
    this.fields.set(name, 'on')
    return this
  }

  untick(name: string): this {
    expect([...this.fields.keys()]).toContain(name)
    this.fields.delete(name)
    return this
  }

  async press(action: 'save' | 'nothing' = 'save'): Promise<{ status: number; page: string }> {
    const body = new URLSearchParams([...this.fields, ['action', action]])
    const answer = await fetch(this.#url, { method: 'POST', body, redirect: 'manual' })
    return { status: answer.status, page: await answer.text() }
  }
}

async function opened(mail: Sent): Promise<Form> {
  const url = mail.url('/preferences')
  return new Form(url, await (await fetch(url)).text())
}

async function subscriber(): Promise<{ person: Person; mail: Sent }> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return { person, mail: await sent(assent, person) }
}

/** The changes of consent that journeys heard of. */
async function changesHeard(person: Person): Promise<string[]> {
  const rows = await assent.deps.db
    .select({ name: triggerEvents.name, payload: triggerEvents.payload })
    .from(triggerEvents)
    .where(eq(triggerEvents.contactId, person.id))
  const place = z.object({ purpose: z.string(), topic: z.string().nullable() })
  return rows
    .filter(({ name }) => name.startsWith('consent.'))
    .map(({ name, payload }) => {
      const { purpose, topic } = place.parse(payload)
      return `${name} ${purpose}${topic === null ? '' : `/${topic}`}`
    })
}

async function verdict(person: Person, topic: string): Promise<unknown> {
  const { body } = await assent.api.call('POST', '/v1/consents/check', {
    contactPoint: { channel: 'email', address: person.email },
    purpose: 'marketing',
    topic,
  })
  return body
}

const newsletter = 'is::marketing:newsletter'
const events = 'is::marketing:events'
const marketing = 'is::marketing:'
const surveys = 'is::surveys:'
const yearly = 'is::surveys:yearly'
const statistics = 'is::statistics:'

describe('the page', () => {
  it('ticks what may happen: opt-ins, and what is on until an opt-out; looking changes nothing', async () => {
    const { person, mail } = await subscriber()
    const form = await opened(mail)
    expect(form.ticked).toEqual([newsletter, yearly, surveys, statistics])
    const page = await (await fetch(mail.url('/preferences'))).text()
    expect(page).toContain('p***@e***.com')
    expect(page).not.toContain(person.email)
    expect(page).not.toContain('Orders')
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })
})

describe('a message of another profile than its purpose', () => {
  const profile = {
    name: 'Southpath',
    sender: { name: 'Southpath', email: 'hello@example.net' },
    postalAddress: '2 Example Street',
  }
  const put = (key: string, more: Record<string, unknown> = {}) =>
    assent.api.call('PUT', `/v1/messages/${key}`, commercial('Hello', more))

  it('is put with a warning, and its link opens a page with its own purpose and topic', async () => {
    await assent.api.put('/v1/profiles/second', profile)
    const { status, body } = await put('of-second', { profile: 'second' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      problems: [{ severity: 'warning', pointer: '/profile', code: 'profile-differs' }],
    })
    expect((await put('of-first')).body).toMatchObject({ problems: [] })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const mail = await sent(assent, person, { message: 'of-second' })
    const form = await opened(mail)
    expect(form.ticked).toEqual([newsletter])
    const { page } = await form.untick(newsletter).press()
    expect(page).toContain('Southpath')
    expect(await verdict(person, 'newsletter')).toMatchObject({ verdict: 'block', reason: 'topic-opted-out' })
  })

  it('shows the topic of the message with its last words where its purpose has it no longer', async () => {
    const key = `p${newId().slice(-8)}`
    const purpose = { name: 'Club', description: 'For members', kind: 'commercial' }
    const topics = [{ key: 'walks', name: 'Walks', description: 'On Sundays' }]
    await assent.api.put(`/v1/purposes/${key}`, { ...purpose, topics })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, key, 'walks')
    const mail = await sent(assent, person, { purpose: key, topic: 'walks' })
    await assent.api.put(`/v1/purposes/${key}`, purpose)
    const form = await opened(mail)
    expect(form.ticked).toContain(`is::${key}:walks`)
    const { status } = await form.untick(`is::${key}:walks`).press()
    expect(status).toBe(200)
    expect((await statements(assent, mail.point)).at(-1)).toBe(`opted-out ${key}/walks`)
  })
})

describe('saving', () => {
  it('records each touched box as its own event, at once, with its words; and nothing else', async () => {
    const { mail } = await subscriber()
    const form = await opened(mail)
    const { status, page } = await form.tick(events).untick(statistics).press()
    expect(status).toBe(200)
    expect(page).toContain('Your choices are saved')
    expect((await statements(assent, mail.point)).slice(1)).toEqual([
      'opted-out statistics',
      'opted-in marketing/events',
    ])
    expect((await opened(mail)).ticked).toEqual([newsletter, events, yearly, surveys])
    const { event, evidence } = await newestEvent(assent, mail.point)
    expect(event).toMatchObject({
      source: { kind: 'preference-center' },
      lawfulBasis: 'consent',
      defaultState: 'unticked',
      notice: { id: 'preference-centre', language: 'en', version: '3.1' },
      related: { delivery: mail.id },
    })
    expect(evidence).toMatchObject({ actor: { kind: 'subject' }, pageUrl: `${assent.url}/preferences` })
  })

  it('without a change records nothing, also when it is sent again', async () => {
    const { mail } = await subscriber()
    expect((await (await opened(mail)).press()).page).toContain('Nothing was changed')
    const form = (await opened(mail)).tick(events)
    await form.press()
    await form.press()
    expect((await statements(assent, mail.point)).slice(1)).toEqual(['opted-in marketing/events'])
  })

  it('leaves a box that was not touched as it is, though it was changed somewhere else meanwhile', async () => {
    const { person, mail } = await subscriber()
    const form = await opened(mail)
    await optOut(assent.api, person.email, 'marketing', 'newsletter')
    await form.tick(events).press()
    expect((await statements(assent, mail.point)).slice(1)).toEqual([
      'opted-out marketing/newsletter',
      'opted-in marketing/events',
    ])
  })

  it('cannot undo a withdrawal that came after the page: sent again, an old form switches nothing on', async () => {
    const { mail } = await subscriber()
    const form = (await opened(mail)).tick(events)
    await form.press()
    await (await opened(mail)).untick(events).press()
    const { page } = await form.press()
    expect(page).toContain('changed somewhere else')
    expect((await statements(assent, mail.point)).slice(1)).toEqual([
      'opted-in marketing/events',
      'opted-out marketing/events',
    ])
    expect((await opened(mail)).ticked).not.toContain(events)
  })

  it('switching a purpose off leaves the topics that were left ticked, and raises no trigger for them', async () => {
    const { person, mail } = await subscriber()
    await optIn(assent.api, person.email, 'marketing')
    const { page } = await (await opened(mail)).untick(marketing).press()
    expect(new Form('', page).ticked).toEqual([newsletter, yearly, surveys, statistics])
    expect((await statements(assent, mail.point)).slice(2)).toEqual([
      'opted-out marketing',
      'opted-in marketing/newsletter',
    ])
    const { event, evidence } = await newestEvent(assent, mail.point)
    expect(event).toMatchObject({ lawfulBasis: null, defaultState: 'ticked' })
    expect(evidence.circumstances).toMatch(/left ticked .* the opt-in of event .* goes on/)
    await until('the outbox to be told', async () =>
      (await assent.deps.db.select({ id: outbox.id }).from(outbox)).length === 0 ? true : null,
    )
    expect(await changesHeard(person)).toEqual([
      'consent.granted marketing/newsletter',
      'consent.granted marketing',
      'consent.withdrawn marketing',
      // Nobody had spoken of this one: it follows its purpose.
      'consent.withdrawn marketing/events',
    ])
  })

  it('saves what is switched off although the evidence of what is switched on cannot be encrypted, and says so', async () => {
    const { mail } = await subscriber()
    const form = (await opened(mail)).untick(newsletter).tick(events).tick(marketing)
    await assent.deps.db.transaction((tx) =>
      tx.update(contactPoints).set({ dataKeyId: 'lost' }).where(eq(contactPoints.id, mail.point)),
    )
    const { status, page } = await form.press()
    expect(status).toBe(200)
    expect(page).toContain('We could not switch anything on')
    expect((await statements(assent, mail.point)).slice(1)).toEqual(['opted-out marketing/newsletter'])
    expect((await opened(mail)).ticked).not.toContain(newsletter)
  })

  it('ticking a purpose and unticking it later leaves its topics as they were before', async () => {
    const { mail } = await subscriber()
    const before = (await opened(mail)).ticked
    await (await opened(mail)).tick(marketing).press()
    const { page } = await (await opened(mail)).untick(marketing).press()
    expect(new Form('', page).ticked).toEqual(before)
  })

  it('an old form that switches a purpose off takes along a topic that was switched on since', async () => {
    const { person, mail } = await subscriber()
    await optIn(assent.api, person.email, 'marketing')
    const form = (await opened(mail)).untick(marketing)
    await optOut(assent.api, person.email, 'marketing')
    await optIn(assent.api, person.email, 'marketing', 'events')
    const { page } = await form.press()
    expect(page).toContain('Your choices are saved')
    expect(new Form('', page).ticked).not.toContain(events)
    expect(await verdict(person, 'events')).toMatchObject({ verdict: 'block', reason: 'opted-out' })
  })

  it('switching a purpose on leaves off the topics that were left off', async () => {
    const { person, mail } = await subscriber()
    await optOut(assent.api, person.email, 'surveys')
    const { page } = await (await opened(mail)).tick(surveys).press()
    expect(new Form('', page).ticked).toEqual([newsletter, surveys, statistics])
    expect((await statements(assent, mail.point)).slice(2)).toEqual([
      'opted-out surveys/yearly',
      'opted-in surveys',
    ])
  })

  it('keeps the words that stood beside the box, though they were changed since', async () => {
    const key = `p${newId().slice(-8)}`
    const purpose = { name: 'Old name', description: 'Old words', kind: 'commercial' }
    await assent.api.put(`/v1/purposes/${key}`, purpose)
    const { mail } = await subscriber()
    const form = await opened(mail)
    await assent.api.put(`/v1/purposes/${key}`, { ...purpose, name: 'New name' })
    await form.tick(`is::${key}:`).press()
    expect((await newestEvent(assent, mail.point)).event.notice).toMatchObject({ version: '3.1' })
  })

  it.each([
    ['an unknown action', { action: 'everything' }],
    ['a box that was shown as nothing', { 'was::marketing:': 'perhaps' }],
    ['a version that never was', { 'was::marketing:': 'off.99', 'is::marketing:': 'on' }],
  ])('refuses %s, and nothing changes', async (_what, fields: Record<string, string>) => {
    const { mail } = await subscriber()
    const answer = await fetch(mail.url('/preferences'), {
      method: 'POST',
      body: new URLSearchParams(fields),
    })
    expect(answer.status).toBe(400)
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })
})

describe('unsubscribe from everything', () => {
  it('is one opt-out of everything, recorded once', async () => {
    const { mail } = await subscriber()
    const { page } = await (await opened(mail)).tick(events).press('nothing')
    expect(page).toContain('Everything is switched off')
    expect(new Form('', page).ticked).toEqual([])
    await (await opened(mail)).press('nothing')
    expect((await statements(assent, mail.point)).slice(1)).toEqual(['opted-out *'])
  })

  it('can be taken back box by box', async () => {
    const { mail } = await subscriber()
    await (await opened(mail)).press('nothing')
    const { page } = await (await opened(mail)).tick(newsletter).press()
    expect(new Form('', page).ticked).toEqual([newsletter])
  })
})

describe('an address with a complaint', () => {
  const complain = async (point: string) => {
    const id = newId()
    await assent.deps.db.transaction((tx) =>
      tx.insert(suppressions).values({ id, contactPointId: point, channel: 'email', kind: 'complained' }),
    )
    return async () =>
      (await assent.deps.db.select().from(suppressions).where(eq(suppressions.id, id)))[0]?.liftedAt
  }

  it('may be written to again by the person’s own tick, and by no tick for tracking', async () => {
    const { person, mail } = await subscriber()
    const lifted = await complain(mail.point)
    await optOut(assent.api, person.email, 'statistics')
    await (await opened(mail)).tick(statistics).press()
    expect(await lifted()).toBeNull()
    await (await opened(mail)).tick(events).press()
    expect(await lifted()).not.toBeNull()
  })
})

describe("the person's other addresses", () => {
  async function withSecond() {
    const { person, mail } = await subscriber()
    const second = `second-${person.externalId}@example.org`
    const point = await assent.deps.db.transaction((tx) => findOrCreateContactPoint(tx, 'email', second))
    await assent.deps.db.transaction((tx) =>
      tx.insert(contactAddresses).values({ contactId: person.id, channel: 'work', contactPointId: point }),
    )
    await optIn(assent.api, second, 'marketing', 'newsletter')
    return { person, mail, second, point, box: `is:${point}:marketing:newsletter` }
  }

  it('are shown masked, and can be opted out at once', async () => {
    const { mail, second, point, box } = await withSecond()
    const page = await (await fetch(mail.url('/preferences'))).text()
    expect(page).toContain('s***@e***.org')
    expect(page).not.toContain(second)
    await (await opened(mail)).untick(box).press()
    expect((await statements(assent, point)).slice(1)).toEqual(['opted-out marketing/newsletter'])
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })

  it('cannot be opted in from here', async () => {
    const { mail, point } = await withSecond()
    const form = await opened(mail)
    form.fields.set(`was:${point}:marketing:events`, 'off.1')
    const { status } = await form.tick(`is:${point}:marketing:events`).press()
    expect(status).toBe(400)
    expect(await statements(assent, point)).toHaveLength(1)
  })

  it('are not shown to an address that is no longer theirs, nor changed by it', async () => {
    const { person, mail, point, box } = await withSecond()
    const form = await opened(mail)
    await assent.api.put(`/v1/contacts/${person.externalId}`, {
      email: `new-${person.externalId}@example.com`,
    })
    await assent.deps.db.transaction((tx) =>
      tx
        .insert(contactAddresses)
        .values({ contactId: person.id, channel: 'work', contactPointId: point })
        .onConflictDoNothing(),
    )
    expect(await (await fetch(mail.url('/preferences'))).text()).not.toContain('s***@e***.org')
    expect((await form.untick(box).press()).status).toBe(400)
    expect(await statements(assent, point)).toHaveLength(1)
  })
})

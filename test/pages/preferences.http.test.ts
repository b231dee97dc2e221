/** The preference centre over HTTP, by the form that it shows. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../db/ids.ts'
import { findOrCreateContactPoint } from '../../db/reads/contactPoint.ts'
import { contactAddresses } from '../../db/schema/contacts.ts'
import { suppressions } from '../../db/schema/ledger.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, optOut, type Person, putBrand, putPerson } from '../harness/fixtures.ts'
import { all, attribute } from './elements.ts'
import { newestEvent, type Sent, sent, statements } from './sent.ts'

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
    expect(form.ticked).toEqual([newsletter, surveys, yearly, statistics])
    const page = await (await fetch(mail.url('/preferences'))).text()
    expect(page).toContain('p***@e***.com')
    expect(page).not.toContain(person.email)
    expect(page).not.toContain('Orders')
    expect(await statements(assent, mail.point)).toHaveLength(1)
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
    expect((await opened(mail)).ticked).toEqual([newsletter, events, surveys, yearly])
    const { event, evidence } = await newestEvent(assent, mail.point)
    expect(event).toMatchObject({
      source: { kind: 'preference-center' },
      lawfulBasis: 'consent',
      defaultState: 'unticked',
      notice: { id: 'preference-centre', language: 'en', version: '1.1' },
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

  it('leaves a box that was not touched as it is, though it was changed elsewhere meanwhile', async () => {
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
    expect(page).toContain('changed elsewhere')
    expect((await statements(assent, mail.point)).slice(1)).toEqual([
      'opted-in marketing/events',
      'opted-out marketing/events',
    ])
    expect((await opened(mail)).ticked).not.toContain(events)
  })

  it('switching a purpose off takes its topics with it, except one that was ticked beside it', async () => {
    const { person, mail } = await subscriber()
    await optIn(assent.api, person.email, 'marketing')
    const { page } = await (await opened(mail)).untick(marketing).tick(events).press()
    expect(new Form('', page).ticked).toEqual([events, surveys, yearly, statistics])
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
    expect((await newestEvent(assent, mail.point)).event.notice).toMatchObject({ version: '1.1' })
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
  it('is one opt-out of everything, said once', async () => {
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
    await assent.house.db
      .insert(suppressions)
      .values({ id, contactPointId: point, channel: 'email', kind: 'complained' })
    return async () =>
      (await assent.house.db.select().from(suppressions).where(eq(suppressions.id, id)))[0]?.liftedAt
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
    const point = await findOrCreateContactPoint(assent.house.db, 'email', second)
    await assent.house.db
      .insert(contactAddresses)
      .values({ contactId: person.id, channel: 'work', contactPointId: point })
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
    await assent.house.db
      .insert(contactAddresses)
      .values({ contactId: person.id, channel: 'work', contactPointId: point })
      .onConflictDoNothing()
    expect(await (await fetch(mail.url('/preferences'))).text()).not.toContain('s***@e***.org')
    expect((await form.untick(box).press()).status).toBe(400)
    expect(await statements(assent, point)).toHaveLength(1)
  })
})

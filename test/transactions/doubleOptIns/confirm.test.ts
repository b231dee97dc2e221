/** Double opt-in: nothing changes before the person's own word from the mailbox, and everything about it can be proven. */
import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { doubleOptIns } from '../../../db/schema/doubleOptIns.ts'
import { consentEvents } from '../../../db/schema/ledger.ts'
import { triggerEvents } from '../../../db/schema/triggers.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { advanceRequest } from '../../../transactions/doubleOptIns/advanceRequest.ts'
import { requestDoubleOptIn } from '../../../transactions/doubleOptIns/requestDoubleOptIn.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { optIn, optOut, personal, publish, putBrand, putPerson } from '../../harness/fixtures.ts'
import { linkIn, mailsArrived, mailsTo } from '../../harness/mailbox.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
const stateShape = z.looseObject({ state: z.string() })

function request(email: string, wanted = grants) {
  const body = {
    contactPoint: { channel: 'email', address: email },
    grants: wanted,
    circumstances: 'footer form',
  }
  return assent.api.ok('POST', '/v1/double-opt-ins', body, idOf)
}

async function verdict(email: string, topic = 'newsletter'): Promise<string> {
  const body = { contactPoint: { channel: 'email', address: email }, purpose: 'marketing', topic }
  const shape = z.looseObject({ verdict: z.string(), reason: z.string() })
  const answer = await assent.api.ok('POST', '/v1/consents/check', body, shape)
  return `${answer.verdict} ${answer.reason}`
}

const confirmed = async (id: string) =>
  (await assent.api.ok('GET', `/v1/double-opt-ins/${id}`, undefined, stateShape)).state

const workflowResult = (id: string) => assent.workflowResult(id)

it('mails a link whose GET shows a page and whose POST opts in, once', async () => {
  const person = await putPerson(assent.api)
  const { id } = await request(person.email)
  const [mail] = await mailsArrived(person.email, 1)
  if (mail === undefined) throw new Error('no mail')
  expect(mail.text).toContain('Newsletter')
  expect(await verdict(person.email)).toBe('block pending-confirmation')
  const link = linkIn(mail, '/confirm/')

  const page = await fetch(link)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('Newsletter')
  expect(await verdict(person.email)).toBe('block pending-confirmation')

  const answer = await fetch(link, { method: 'POST', headers: { 'User-Agent': 'Mozilla/5.0 test' } })
  expect(answer.status).toBe(200)
  expect(await verdict(person.email)).toBe('allow opted-in')
  expect(await workflowResult(id)).toMatchObject({ state: 'confirmed' })
  expect(await confirmed(id)).toBe('confirmed')

  const events = await assent.deps.db.select().from(consentEvents).where(eq(consentEvents.doubleOptIn, id))
  expect(events.map((event) => [event.kind, event.state])).toEqual([
    ['pending', null],
    ['consent', 'opted-in'],
  ])
  const again = await fetch(link, { method: 'POST' })
  expect(again.status).toBe(200)
  expect(
    await assent.deps.db.select().from(consentEvents).where(eq(consentEvents.doubleOptIn, id)),
  ).toHaveLength(2)
  // Only the topic that was ticked.
  expect(await verdict(person.email, 'events')).toBe('block no-topic-consent')
})

it('confirmed is a trigger that starts a journey', async () => {
  const person = await putPerson(assent.api)
  // For this person only: others of this file confirm too.
  const journey = await publish(assent.api, {
    entry: {
      trigger: 'double-opt-in.confirmed',
      where: `"newsletter" in event.topics && contact.externalId == "${person.externalId}"`,
    },
    steps: [{ id: 'welcome', type: 'send', message: 'first' }],
  })
  await request(person.email)
  const [mail] = await mailsArrived(person.email, 1)
  if (mail === undefined) throw new Error('no mail')
  await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
  const mails = await mailsArrived(person.email, 2)
  expect(mails[1]?.subject).toBe('First for you')
  const listed = await assent.api.call('GET', `/v1/runs?journey=${journey}&contact=${person.externalId}`)
  expect(listed.text).toContain('"journey"')
})

it('a person who confirms becomes a contact and gets the welcome journey; a person who does not confirm does not', async () => {
  const journey = await publish(assent.api, {
    entry: { trigger: 'double-opt-in.confirmed', where: '"newsletter" in event.topics' },
    steps: [{ id: 'welcome', type: 'send', message: 'first' }],
  })
  const stranger = `stranger-${randomBytes(6).toString('hex')}@example.com`
  personal(stranger)
  await request(stranger)
  const [mail] = await mailsArrived(stranger, 1)
  if (mail === undefined) throw new Error('no mail')
  const known = async () => (await assent.api.call('GET', '/v1/contacts?limit=200')).text.includes(stranger)
  expect(await known()).toBe(false)
  await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
  const mails = await mailsArrived(stranger, 2)
  expect(mails[1]?.subject).toBe('First for you')
  expect(await known()).toBe(true)
  const listed = await assent.api.call('GET', `/v1/runs?journey=${journey}`)
  expect(listed.text).toContain('"externalId":"assent-')
})

it('a token with one character changed is a plain 404', async () => {
  const person = await putPerson(assent.api)
  await request(person.email)
  const [mail] = await mailsArrived(person.email, 1)
  if (mail === undefined) throw new Error('no mail')
  const link = linkIn(mail, '/confirm/')
  const last = link.at(-1) === 'A' ? 'E' : 'A'
  for (const method of ['GET', 'POST']) {
    const answer = await fetch(link.slice(0, -1) + last, { method })
    expect(answer.status).toBe(404)
    expect(await answer.text()).not.toContain(person.email)
  }
})

describe("a stranger's request", () => {
  it('for an address that is opted out changes no decision', async () => {
    const person = await putPerson(assent.api)
    await optOut(assent.api, person.email, '*')
    await request(person.email)
    expect(await verdict(person.email)).toBe('block opted-out')
    await mailsArrived(person.email, 1)
    expect(await verdict(person.email)).toBe('block opted-out')
  })

  it('for an address that is opted in changes no decision', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await request(person.email)
    await mailsArrived(person.email, 1)
    expect(await verdict(person.email)).toBe('allow opted-in')
  })
})

it('asked again while pending it mails again, is the same request, and stops mailing when it is asked too often', async () => {
  const person = await putPerson(assent.api)
  const first = await request(person.email)
  await mailsArrived(person.email, 1)
  expect((await request(person.email)).id).toBe(first.id)
  await mailsArrived(person.email, 2)
  for (let i = 0; i < 6; i++) await request(person.email)
  await mailsArrived(person.email, 3)
  for (let i = 0; i < 6; i++) await request(person.email)
  const [row] = await assent.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, first.id))
  expect(row?.mails.length).toBe(3)
  expect(await mailsTo(person.email)).toHaveLength(3)
})

it('withdrawn while pending ends the request: a later click changes nothing', async () => {
  const person = await putPerson(assent.api)
  const { id } = await request(person.email)
  const [mail] = await mailsArrived(person.email, 1)
  if (mail === undefined) throw new Error('no mail')
  await optOut(assent.api, person.email, 'marketing')
  expect(await workflowResult(id)).toMatchObject({ state: 'withdrawn' })
  await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
  expect(await verdict(person.email)).toBe('block opted-out')
})

describe('confirmation against expiry, both orders forced', () => {
  async function pending(): Promise<{ id: string; email: string; link: string; late: string }> {
    const person = await putPerson(assent.api)
    const { id } = await request(person.email)
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    const late = new Date(Date.now() + 29 * 86_400_000).toISOString()
    return { id, email: person.email, link: linkIn(mail, '/confirm/'), late }
  }

  async function outcomes(id: string): Promise<unknown[]> {
    await until('the trigger to be taken', async () => {
      const taken = await assent.deps.db.select().from(triggerEvents)
      return taken.some((event) => event.senderEvent.startsWith(`${id}:`))
    })
    const taken = await assent.deps.db.select().from(triggerEvents)
    return [
      await confirmed(id),
      await workflowResult(id),
      taken.filter((event) => event.senderEvent.startsWith(`${id}:`)).map((event) => event.name),
    ]
  }

  it('the expiry first: the click finds it expired', async () => {
    const { id, email, link, late } = await pending()
    const remove = installFailpoint('double-opt-in:before-confirm', async () => {
      remove()
      await advanceRequest(assent.deps, { request: id, now: late })
    })
    await fetch(link, { method: 'POST' })
    expect(await outcomes(id)).toEqual([
      'expired',
      { state: 'expired', reason: 'expired' },
      ['double-opt-in.expired'],
    ])
    expect(await verdict(email)).toBe('block no-topic-consent')
  })

  it('the click first: the expiry finds it confirmed', async () => {
    const { id, email, link, late } = await pending()
    const remove = installFailpoint('double-opt-in:before-advance', async () => {
      remove()
      await fetch(link, { method: 'POST' })
    })
    expect(await advanceRequest(assent.deps, { request: id, now: late })).toMatchObject({
      do: 'end',
      state: 'confirmed',
    })
    expect(await outcomes(id)).toEqual([
      'confirmed',
      { state: 'confirmed', reason: 'confirmed' },
      ['double-opt-in.confirmed'],
    ])
    expect(await verdict(email)).toBe('allow opted-in')
  })
})

it('expires after 28 days on skipped time, with one reminder on the way', async () => {
  const person = await putPerson(assent.api)
  const { id } = await requestDoubleOptIn(
    assent.deps,
    { contactPoint: { channel: 'email', address: person.email }, profile: 'default', grants },
    { caller: 'test', clock: 'skipping' },
  )
  assent.dispatcher.nudge()
  expect(await workflowResult(id)).toMatchObject({ state: 'expired' })
  expect(await mailsTo(person.email)).toHaveLength(2)
  expect(await confirmed(id)).toBe('expired')
  expect(await verdict(person.email)).toBe('block no-topic-consent')
})

it('names what is wrong with a request', async () => {
  const body = { contactPoint: { channel: 'email', address: 'someone@example.com' }, grants }
  const wrong = async (change: Record<string, unknown>) => {
    const reply = await assent.api.call('POST', '/v1/double-opt-ins', { ...body, ...change })
    const shape = z.looseObject({ errors: z.array(z.object({ pointer: z.string() })) })
    return [reply.status, ...shape.parse(reply.body).errors.map((error) => error.pointer)]
  }
  expect(await wrong({ profile: 'nobody' })).toEqual([422, '/profile'])
  expect(await wrong({ grants: [{ purpose: 'nothing' }] })).toEqual([422, '/grants/0/purpose'])
  expect(await wrong({ grants: [{ purpose: 'service' }] })).toEqual([422, '/grants/0/purpose'])
  expect(await wrong({ grants: [{ purpose: 'marketing', topic: 'none' }] })).toEqual([422, '/grants/0/topic'])
  expect(await wrong({ contactPoint: { channel: 'email', address: 'nobody' } })).toEqual([
    422,
    '/contactPoint/address',
  ])
  expect(await wrong({ grants: [] })).toEqual([422, '/grants'])
})

/** Looking at a message before anybody gets it: the preview, and the test send to a real mailbox. */
import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testMails } from '../../db/schema/testMails.ts'
import { sweepBatch } from '../../transactions/retention/sweepBatch.ts'
import { giveUpTestMails, markTestMail, takeTestMail } from '../../transactions/testMails/sendTestMail.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { ApiClient } from '../harness/client.ts'
import { commercial, optIn, optOut, putBrand, putPerson } from '../harness/fixtures.ts'
import { header, linkIn, mailsArrived, mailsTo } from '../harness/mailbox.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
  await assent.api.put('/v1/trigger-definitions/workshop.booked', {
    description: 'A workshop was booked',
    schema: { type: 'object', properties: { workshop: { type: 'string' } } },
  })
  const subject = '{{ trigger.workshop }} for {{ contact.attributes.firstName | default: "you" }}'
  await assent.api.put('/v1/messages/booked', commercial('Booked', { subject }))
  await assent.api.put('/v1/journeys/booked', {
    name: 'Booked',
    entry: { trigger: 'workshop.booked' },
    steps: [{ id: 'thanks', type: 'send', message: 'booked' }],
  })
})
afterAll(() => assent.stop())

const colleague = () => `colleague-${randomBytes(6).toString('hex')}@example.org`
const payload = { workshop: 'Knots' }
const keyWith = async (...scopes: string[]) => {
  const made = await assent.api.ok('POST', '/v1/keys', { name: 'k', scopes }, z.object({ key: z.string() }))
  return new ApiClient(assent.url, made.key)
}

describe('a preview', () => {
  const preview = (body: unknown, api = assent.api) => api.call('POST', '/v1/messages/booked/preview', body)

  it('is the message as a contact would read it, with its links, and says whether it might be sent', async () => {
    const person = await putPerson(assent.api, { attributes: { firstName: 'Robin' } })
    const { status, body } = await preview({ contact: { externalId: person.externalId }, payload })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      message: 'booked',
      version: 1,
      subject: 'Knots for Robin',
      html: expect.stringContaining('<p>Booked</p>'),
      text: expect.stringContaining('1 Example Street'),
      links: [{ position: 1, id: 'checkout', url: 'https://www.example.com/checkout' }],
      problems: [],
      decision: { verdict: 'block', reason: 'no-topic-consent' },
    })
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const { body: after } = await preview({ contact: { email: person.email }, payload })
    expect(after).toMatchObject({ decision: { verdict: 'allow' } })
  })

  it('names what has no value for this contact and payload, and what never will', async () => {
    const { body } = await preview({})
    expect(body).toMatchObject({
      subject: 'for you',
      decision: null,
      problems: [
        {
          severity: 'warning',
          pointer: '/subject',
          code: 'empty-variable',
          message: expect.stringContaining('trigger.workshop'),
        },
        { code: 'empty-variable', message: expect.stringContaining('contact.attributes.firstName') },
      ],
    })
  })

  it('shows what would stop the mail, and the words all the same', async () => {
    const footer = '{{ links.preferences }} {{ profile.postalAddress }}'
    await assent.api.put('/v1/messages/sometimes', {
      ...commercial('Sometimes', { subject: 'Sometimes' }),
      html: undefined,
      text: `{% if trigger.short %}Bare{% else %}${footer}{% endif %}`,
    })
    const shown = await assent.api.call('POST', '/v1/messages/sometimes/preview', {
      payload: { short: true },
    })
    expect(shown.body).toMatchObject({
      subject: 'Sometimes',
      text: 'Bare',
      problems: [
        { severity: 'error', pointer: '/text', code: 'missing-footer' },
        { severity: 'error', pointer: '/text', code: 'missing-footer' },
      ],
    })
  })

  it('leads our own links to a page that says what they are, and changes nothing', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const { body } = await preview({ contact: { email: person.email }, payload })
    const { text } = z.object({ text: z.string() }).parse(body)
    const url = /https?:\S+test-link\/preferences/.exec(text)?.[0] ?? ''
    const page = await fetch(`${url}?lang=en`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('A link in a test message')
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
    expect((await fetch(url.replace('preferences', 'elsewhere'))).status).toBe(404)
  })

  it('with the values of a contact needs a key that may read contacts', async () => {
    const person = await putPerson(assent.api)
    const marketer = await keyWith('journeys')
    expect((await preview({ payload }, marketer)).status).toBe(200)
    expect((await preview({ contact: { email: person.email } }, marketer)).status).toBe(403)
    expect((await preview({ contact: { email: person.email } }, await keyWith('read'))).status).toBe(200)
  })

  it('refuses an unknown contact and an unknown message', async () => {
    const unknown = await preview({ contact: { externalId: 'nobody' } })
    expect([unknown.status, unknown.text]).toEqual([422, expect.stringContaining('/contact/externalId')])
    expect((await assent.api.call('POST', '/v1/messages/none/preview', {})).status).toBe(404)
  })
})

describe('a test send', () => {
  const test = (body: unknown, api = assent.api, headers = {}) =>
    api.call('POST', '/v1/messages/booked/test', body, headers)
  const shape = z.looseObject({
    id: z.string(),
    state: z.string(),
    to: z.string(),
    reason: z.string().nullable(),
  })
  const settled = (id: string) =>
    until('the test mail to be settled', async () => {
      const mail = await assent.api.ok('GET', `/v1/messages/booked/tests/${id}`, undefined, shape)
      return mail.state === 'queued' || mail.state === 'handed-over' ? null : mail
    })

  it('reaches the mailbox: marked, untracked, without a live link, and recorded without address and words', async () => {
    const to = colleague()
    const { status, body } = await test({ to, payload })
    expect(status).toBe(202)
    const { id, state } = shape.parse(body)
    expect(state).toBe('queued')
    const [mail] = await mailsArrived(to, 1)
    if (mail === undefined) throw new Error('no mail')
    expect(mail.subject).toBe('[Test] Knots for you')
    expect(header(mail, 'X-Assent-Test')).toBe(id)
    expect(header(mail, 'List-Unsubscribe')).toBeNull()
    expect(linkIn(mail, '/test-link/preferences')).toContain(assent.url)
    expect(mail.text).toContain('https://www.example.com/checkout')
    for (const path of ['/o/', '/t/', '/unsubscribe/'])
      expect(`${mail.text}${mail.html}`).not.toContain(`${assent.url}${path}`)
    expect(await settled(id)).toMatchObject({
      state: 'sent',
      to: 'c***@e***.org',
      providerAnswer: { code: 250 },
    })
    const [row] = await assent.deps.db.select().from(testMails).where(eq(testMails.id, id))
    expect(row).toMatchObject({ recipient: null, content: null, requestedBy: expect.any(String) })
    const deliveries = await assent.api.call('GET', '/v1/deliveries?message=booked')
    expect(deliveries.text).not.toContain(id)
  })

  it('is refused for a person who may not get the message, and allowed for one who may', async () => {
    const person = await putPerson(assent.api)
    const refused = await test({ to: person.email, payload })
    expect(refused.status).toBe(422)
    expect(refused.body).toMatchObject({ code: 'recipient-blocked', errors: [{ pointer: '/to' }] })
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    expect((await test({ to: person.email, payload })).status).toBe(202)
    expect(await mailsArrived(person.email, 1)).toHaveLength(1)
  })

  it('is not sent to a person who opted out between the request and the sending', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await assent.stopWorker()
    const { id } = shape.parse((await test({ to: person.email, payload })).body)
    await optOut(assent.api, person.email, '*')
    await assent.startWorker()
    expect(await settled(id)).toMatchObject({ state: 'failed', reason: 'blocked: opted-out' })
    expect(await mailsTo(person.email)).toEqual([])
  })

  it('is not sent to a person who opted out while it waited for a connection to the mail server', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await assent.stopWorker()
    const { id } = shape.parse((await test({ to: person.email, payload })).body)
    const taken = await takeTestMail(assent.deps, id)
    if (taken === null) throw new Error('the test mail was not due')
    await optOut(assent.api, person.email, '*')
    expect(await markTestMail(assent.deps, taken)).toBe(false)
    await assent.startWorker()
    expect(await settled(id)).toMatchObject({ state: 'failed', reason: 'blocked: opted-out' })
  })

  it('is limited for each mailbox', async () => {
    const to = colleague()
    await assent.stopWorker()
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async () => (await test({ to, payload })).status),
    )
    await assent.startWorker()
    expect(statuses.filter((status) => status === 202)).toHaveLength(10)
    const { status, headers, body } = await test({ to, payload })
    expect([status, headers.get('Retry-After')]).toEqual([429, '600'])
    expect(body).toMatchObject({ code: 'too-many-test-mails' })
  })

  it('asked for again with the same Idempotency-Key is one mail', async () => {
    const to = colleague()
    const key = { 'Idempotency-Key': randomBytes(8).toString('hex') }
    const first = await test({ to, payload }, assent.api, key)
    const second = await test({ to, payload }, assent.api, key)
    expect(second.body).toEqual(first.body)
    await mailsArrived(to, 1)
    expect(await settled(shape.parse(first.body).id)).toMatchObject({ state: 'sent' })
    expect(await mailsTo(to)).toHaveLength(1)
  })

  it('is for administrators, to one address, of a message that can be sent', async () => {
    const others = await keyWith('journeys', 'contacts', 'read')
    expect((await test({ to: colleague(), payload }, others)).status).toBe(403)
    const twice = await test({ to: 'a@example.org, b@example.org', payload })
    expect([twice.status, twice.text]).toEqual([422, expect.stringContaining('"/to"')])
    const broken = await assent.api.call('POST', '/v1/messages/sometimes/test', {
      to: colleague(),
      payload: { short: true },
    })
    expect(broken.status).toBe(422)
    expect(broken.body).toMatchObject({
      code: 'message-not-sendable',
      errors: [{ pointer: '/text' }, { pointer: '/text' }],
    })
  })

  it('that died under its hand-over is unknown, is not sent again, and is deleted after its time', async () => {
    const { id } = shape.parse((await test({ to: colleague(), payload })).body)
    await settled(id)
    await assent.deps.db.transaction((tx) =>
      tx
        .update(testMails)
        .set({
          state: 'handed-over',
          settledAt: null,
          nextAttemptAt: sql`clock_timestamp() - interval '11 minutes'`,
          recipient: 'x@example.org',
          content: { subject: 's', html: null, text: 't' },
        })
        .where(eq(testMails.id, id)),
    )
    expect(await takeTestMail(assent.deps, id)).toBeNull()
    await giveUpTestMails(assent.deps)
    expect(await settled(id)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
    await assent.deps.db.transaction((tx) =>
      tx
        .update(testMails)
        .set({ createdAt: sql`clock_timestamp() - interval '31 days'` })
        .where(eq(testMails.id, id)),
    )
    await sweepBatch(assent.deps.db, 'test-mails', { days: 30 })
    expect((await assent.api.call('GET', `/v1/messages/booked/tests/${id}`)).status).toBe(404)
  })
})

/** The unsubscribe link over HTTP: RFC 8058's one-click, and the page behind the same address. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { optIn, optOut, putBrand, putPerson } from '../../harness/fixtures.ts'
import { all, textOf } from '../../pages/elements.ts'
import { newestEvent, sent, statements } from '../../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

async function subscriber() {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

const oneClick = () => new URLSearchParams({ 'List-Unsubscribe': 'One-Click' })
const post = (url: string, body?: RequestInit['body'], headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', redirect: 'manual', headers, ...(body == null ? {} : { body }) })

describe('one-click', () => {
  const form = new FormData()
  form.set('List-Unsubscribe', 'One-Click')
  const bodies: { what: string; body: RequestInit['body'] }[] = [
    { what: 'urlencoded fields', body: oneClick() },
    { what: 'multipart fields', body: form },
    { what: 'nothing at all', body: null },
    { what: 'no content type', body: Buffer.from('List-Unsubscribe=One-Click') },
    { what: 'a page’s own button', body: new URLSearchParams({ unsubscribe: '1' }) },
  ]
  it.each(bodies)(
    'takes a body of $what, answers 200 without redirect or cookie, and opts out of the topic',
    async ({ body }) => {
      const mail = await sent(assent, await subscriber())
      const answer = await post(mail.url('/unsubscribe'), body)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('Set-Cookie')).toBeNull()
      expect(await answer.text()).toContain('You are unsubscribed')
      expect((await statements(assent, mail.point)).slice(1)).toEqual(['opted-out marketing/newsletter'])
    },
  )

  it('may be repeated, also ten times at once, and is recorded once', async () => {
    const mail = await sent(assent, await subscriber())
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post(mail.url('/unsubscribe'), oneClick())),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect((await statements(assent, mail.point)).slice(1)).toEqual(['opted-out marketing/newsletter'])
  })

  it('opts out again by the same old link after a later opt-in', async () => {
    const person = await subscriber()
    const mail = await sent(assent, person)
    await post(mail.url('/unsubscribe'), oneClick())
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await post(mail.url('/unsubscribe'), oneClick())
    expect(await statements(assent, mail.point)).toEqual([
      'opted-in marketing/newsletter',
      'opted-out marketing/newsletter',
      'opted-in marketing/newsletter',
      'opted-out marketing/newsletter',
    ])
  })

  it('opts out of the purpose where the message had no topic', async () => {
    const mail = await sent(assent, await subscriber(), { topic: null })
    await post(mail.url('/unsubscribe'), oneClick())
    expect((await statements(assent, mail.point)).at(-1)).toBe('opted-out marketing')
  })

  it('says so of its own accord where only the purpose was off', async () => {
    const person = await subscriber()
    const mail = await sent(assent, person)
    await optOut(assent.api, person.email, 'marketing')
    await post(mail.url('/unsubscribe'), oneClick())
    expect((await statements(assent, mail.point)).slice(1)).toEqual([
      'opted-out marketing',
      'opted-out marketing/newsletter',
    ])
  })

  it('of a purpose takes along a topic that was opted in to since: nothing in it is sent any more', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing')
    const mail = await sent(assent, person, { topic: null })
    await optOut(assent.api, person.email, 'marketing')
    await optIn(assent.api, person.email, 'marketing', 'events')
    expect(await (await fetch(mail.url('/unsubscribe'))).text()).toContain('Do you want to stop receiving')
    const answer = await post(mail.url('/unsubscribe'), oneClick())
    expect(await answer.text()).toContain('You are unsubscribed')
    expect((await statements(assent, mail.point)).slice(2)).toEqual([
      'opted-in marketing/events',
      'opted-out marketing',
    ])
    for (const topic of [undefined, 'events', 'newsletter']) {
      const { body } = await assent.api.call('POST', '/v1/consents/check', {
        contactPoint: { channel: 'email', address: person.email },
        purpose: 'marketing',
        ...(topic === undefined ? {} : { topic }),
      })
      expect(body).toMatchObject({ verdict: 'block', reason: 'opted-out' })
    }
    await post(mail.url('/unsubscribe'), oneClick())
    expect(await statements(assent, mail.point)).toHaveLength(4)
  })

  it('keeps the scope of its message, whatever the request says', async () => {
    const mail = await sent(assent, await subscriber())
    const answer = await post(`${mail.url('/unsubscribe')}?topic=events&purpose=*`, oneClick())
    expect(answer.status).toBe(200)
    expect((await statements(assent, mail.point)).at(-1)).toBe('opted-out marketing/newsletter')
  })

  it('changes nothing for a transactional message, and says where there is something to choose', async () => {
    const mail = await sent(assent, await subscriber(), {
      message: 'receipt',
      purpose: 'service',
      topic: null,
    })
    const answer = await post(mail.url('/unsubscribe'), oneClick())
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain(`/preferences/${mail.handle}`)
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })

  it('is evidence: the person’s own act, on which message, from where, without the key in the address', async () => {
    const mail = await sent(assent, await subscriber())
    await post(mail.url('/unsubscribe'), oneClick(), { 'User-Agent': 'Some-Mailer/1.0' })
    const { event, evidence } = await newestEvent(assent, mail.point)
    expect(event).toMatchObject({ source: { kind: 'one-click' }, notice: null })
    expect(event.related).toMatchObject({ delivery: mail.id, message: 'first', messageVersion: 1 })
    expect(evidence).toMatchObject({
      actor: { kind: 'subject' },
      ip: '127.0.0.1',
      userAgent: 'Some-Mailer/1.0',
      pageUrl: `${assent.url}/unsubscribe`,
    })
    expect(evidence.circumstances).toContain('RFC 8058')
  })

  it('by the page’s button keeps the words that stood beside it', async () => {
    const mail = await sent(assent, await subscriber())
    await post(`${mail.url('/unsubscribe')}?lang=de`, new URLSearchParams({ unsubscribe: '1' }))
    const { event } = await newestEvent(assent, mail.point)
    expect(event.notice).toMatchObject({ id: 'unsubscribe-page', language: 'de' })
  })

  it.each([
    ['other fields', 400, new URLSearchParams({ 'List-Unsubscribe': 'Two-Clicks' }), {}],
    [
      'half a multipart body',
      400,
      '--x\r\nContent-Disposition: form-data; na',
      { 'Content-Type': 'multipart/form-data; boundary=x' },
    ],
    ['multipart without boundary', 400, 'x', { 'Content-Type': 'multipart/form-data' }],
    ['JSON', 415, '{}', { 'Content-Type': 'application/json' }],
    [
      'more than 64 KB',
      413,
      `List-Unsubscribe=${'x'.repeat(70_000)}`,
      { 'Content-Type': 'application/x-www-form-urlencoded' },
    ],
  ])('refuses %s, and nothing changes', async (_what, status, body, headers) => {
    const mail = await sent(assent, await subscriber())
    const answer = await post(mail.url('/unsubscribe'), body, headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('Content-Type')).toContain('text/html')
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })
})

describe('the page', () => {
  it('asks, with the masked address and one button, and changes nothing', async () => {
    const person = await subscriber()
    const mail = await sent(assent, person)
    const answer = await fetch(mail.url('/unsubscribe'))
    const page = await answer.text()
    expect(answer.status).toBe(200)
    expect(page).toContain('Newsletter')
    expect(page).toContain('p***@e***.com')
    expect(page).not.toContain(person.email)
    expect(all(page, 'button').map(textOf)).toEqual(['Unsubscribe'])
    await fetch(mail.url('/unsubscribe'), { method: 'HEAD' })
    expect(await statements(assent, mail.point)).toHaveLength(1)
  })

  it('names the topics that go along with a purpose', async () => {
    const mail = await sent(assent, await subscriber(), { topic: null })
    const page = await (await fetch(mail.url('/unsubscribe'))).text()
    expect(page).toContain('This includes all its topics: Newsletter, Events')
    await post(mail.url('/unsubscribe'), new URLSearchParams({ unsubscribe: '1' }))
    const { event } = await newestEvent(assent, mail.point)
    expect(event.notice).toMatchObject({ id: 'unsubscribe-page', version: '3' })
  })

  it('says that it is done once it is', async () => {
    const person = await subscriber()
    const mail = await sent(assent, person)
    await optOut(assent.api, person.email, '*')
    const page = await (await fetch(`${mail.url('/unsubscribe')}?lang=nl`)).text()
    expect(page).toContain('<html lang="nl">')
    expect(page).toContain('U bent afgemeld')
  })
})

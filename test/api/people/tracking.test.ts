/** The click redirect and the open pixel over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newHandle } from '../../../domain/messages/handles.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { optOut, putBrand, putPerson } from '../../harness/fixtures.ts'
import { interactions, sent, target } from '../../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const get = (url: string, agent = browser, method = 'GET') =>
  fetch(url, { method, redirect: 'manual', headers: { 'User-Agent': agent } })

describe('a click', () => {
  it('leads to where the link was meant to lead, and is recorded', async () => {
    const person = await putPerson(assent.api)
    const mail = await sent(assent, person)
    const answer = await get(mail.url('/t'))
    expect(answer.status).toBe(302)
    expect(answer.headers.get('Location')).toBe(target)
    const [event, ...more] = await interactions(assent, mail.id)
    expect(more).toEqual([])
    expect(event).toMatchObject({
      name: 'message.clicked',
      sender: 'assent',
      class: 'human',
      contactId: person.id,
      payload: {
        message: 'first',
        delivery: mail.id,
        journey: null,
        step: null,
        link: 'checkout',
        url: target,
        class: 'human',
      },
    })
    expect(JSON.stringify(event?.payload)).not.toContain(person.email)
  })

  it('leads nowhere else, whatever is asked for', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    const answer = await get(`${mail.url('/t')}?url=https://elsewhere.example/`)
    expect(answer.headers.get('Location')).toBe(target)
    const none = await get(`${assent.url}/t/https%3A%2F%2Felsewhere.example`)
    expect(none.status).toBe(404)
    expect(none.headers.get('Location')).toBeNull()
  })
})

describe.each([
  ['/t', 'message.clicked'],
  ['/o', 'message.opened'],
] as const)('%s', (path, name) => {
  it('counts once a minute, however often and however many at once', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    // The minute may turn once while we fetch: then it is two, and never more.
    await Promise.all(Array.from({ length: 12 }, () => get(mail.url(path))))
    const events = await interactions(assent, mail.id)
    expect(events.length).toBeGreaterThanOrEqual(1)
    expect(events.length).toBeLessThanOrEqual(2)
    expect(new Set(events.map((event) => event.name))).toEqual(new Set([name]))
  })

  it('tells machines from people', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    await get(mail.url(path), 'curl/8.9.1')
    await get(mail.url(path), browser)
    expect((await interactions(assent, mail.id)).map((event) => event.class)).toEqual(['bot', 'human'])
  })

  it('records nothing for HEAD', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    const head = await get(mail.url(path), browser, 'HEAD')
    expect(head.status).toBe(path === '/t' ? 302 : 200)
    expect(await interactions(assent, mail.id)).toEqual([])
  })

  it('is inert once tracking was withdrawn, or where the message was not tracked, and works all the same', async () => {
    const person = await putPerson(assent.api)
    const [before, untracked] = [await sent(assent, person), await sent(assent, person, { tracked: false })]
    expect((await get(untracked.url(path))).status).toBe(path === '/t' ? 302 : 200)
    expect(await interactions(assent, untracked.id)).toEqual([])
    await optOut(assent.api, person.email, 'statistics')
    expect((await get(before.url(path))).status).toBe(path === '/t' ? 302 : 200)
    expect(await interactions(assent, before.id)).toEqual([])
  })

  it('answers though it cannot be recorded', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    const take = installFailpoint('trigger:before-lock', () => Promise.reject(new Error('the disk is full')))
    try {
      expect((await get(mail.url(path))).status).toBe(path === '/t' ? 302 : 200)
    } finally {
      take()
    }
    expect(await interactions(assent, mail.id)).toEqual([])
  })
})

it('each key of a mail opens what it is for, and nothing else', async () => {
  const mail = await sent(assent, await putPerson(assent.api))
  const keys = ['/unsubscribe', '/t', '/o'].map((path) => mail.url(path).split('/').at(-1) ?? '')
  const opened = async (path: string) =>
    Promise.all(keys.map(async (key) => (await get(`${assent.url}${path}/${key}`)).status))
  expect(await opened('/unsubscribe')).toEqual([200, 404, 404])
  expect(await opened('/preferences')).toEqual([200, 404, 404])
  expect(await opened('/t')).toEqual([404, 302, 404])
  expect(await opened('/confirm')).toEqual([404, 404, 404])
  const [handle = '', link = ''] = keys
  const before = await interactions(assent, mail.id)
  await get(`${assent.url}/o/${handle}`)
  await get(`${assent.url}/o/${link}`)
  expect(await interactions(assent, mail.id)).toEqual(before)
  await get(mail.url('/o'))
  expect((await interactions(assent, mail.id)).map(({ name }) => name)).toContain('message.opened')
  const oneClick = await fetch(`${assent.url}/unsubscribe/${keys.at(-1)}`, { method: 'POST' })
  expect(oneClick.status).toBe(404)
})

it('the pixel is the same image for a handle that never was', async () => {
  const mail = await sent(assent, await putPerson(assent.api))
  const answers = await Promise.all(
    [mail.url('/o'), `${assent.url}/o/${newHandle()}`, `${assent.url}/o/x`].map(async (url) => {
      const answer = await get(url)
      const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
      return JSON.stringify([
        answer.status,
        headers,
        Buffer.from(await answer.arrayBuffer()).toString('base64'),
      ])
    }),
  )
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toContain('image/gif')
})

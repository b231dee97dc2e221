/** What holds for every address that people have: headers, and that nothing can be learnt by trying. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newHandle } from '../../../domain/messages/handles.ts'
import { stylesheet, styleVersion } from '../../../pages/style.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { putBrand, putPerson } from '../../harness/fixtures.ts'
import { sent } from '../../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const pages = ['/unsubscribe', '/preferences', '/confirm', '/t'] as const

describe.each(pages)('%s', (path) => {
  it('gives the very same page for a tampered, an unknown and an impossible key', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    const good = mail.url(path)
    const tampered = good.slice(0, -2) + (good.at(-2) === 'A' ? 'B' : 'A') + good.at(-1)
    const wrong = [
      tampered,
      `${assent.url}${path}/${newHandle()}`,
      `${assent.url}${path}/x`,
      `${assent.url}${path}/%E0%A4%A`,
    ]
    const answers = await Promise.all(
      (path === '/t' ? ['GET'] : ['GET', 'POST']).flatMap((method) =>
        wrong.map(async (url) => {
          const answer = await fetch(url, { method, redirect: 'manual' })
          const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
          return JSON.stringify([answer.status, headers, await answer.text()])
        }),
      ),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('404')
    expect(answers[0]).not.toContain('Northpath')
  })
})

it('speaks the reader’s language where the page belongs to no brand', async () => {
  const answer = await fetch(`${assent.url}/confirm/x`, { headers: { 'Accept-Language': 'fr, de;q=0.8' } })
  expect(await answer.text()).toContain('<html lang="de">')
})

it.each(['/unsubscribe', '/preferences', '/t', '/o'])(
  '%s is kept nowhere, framed nowhere, and tells nobody',
  async (path) => {
    const mail = await sent(assent, await putPerson(assent.api))
    const { headers } = await fetch(mail.url(path), { redirect: 'manual' })
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'none';style-src 'self';img-src 'self' data:;form-action 'self';frame-ancestors 'none';base-uri 'none'",
    )
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('X-Robots-Tag')).toContain('noindex')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Set-Cookie')).toBeNull()
  },
)

it('the stylesheet is kept for long under its version, and under no other', async () => {
  const known = await fetch(`${assent.url}/assent.css?v=${styleVersion}`)
  expect(known.headers.get('Cache-Control')).toContain('immutable')
  expect(known.headers.get('Content-Type')).toContain('text/css')
  expect(await known.text()).toBe(stylesheet)
  const other = await fetch(`${assent.url}/assent.css?v=older`)
  expect(other.headers.get('Cache-Control')).toBe('no-cache')
})

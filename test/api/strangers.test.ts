/**
 * What somebody without a key can do to us: nothing that costs others their turn, and nothing that keeps a person from
 * getting out.
 */
import { createServer } from 'node:http'
import { connect } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { asAddress } from '../../api/clientAddress.ts'
import { healthRoutes } from '../../api/health.ts'
import { newHandle } from '../../domain/messages/handles.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { putBrand, putPerson } from '../harness/fixtures.ts'
import { newestEvent, sent } from '../pages/sent.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false, environment: { TRUSTED_PROXIES: 'loopback' } })
  await putBrand(assent.api)
})
afterAll(() => assent?.stop())

/** Every test comes from a network of its own. */
let net = 0
let from: Record<string, string>
beforeEach(() => {
  net += 1
  from = { 'X-Forwarded-For': `198.51.100.${net}` }
})

const many = (count: number, send: () => Promise<Response>) =>
  Promise.all(Array.from({ length: count }, send))
const ask = (path: string, init: RequestInit = {}) =>
  fetch(assent.url + path, { redirect: 'manual', ...init, headers: { ...from, ...init.headers } })
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

describe('a key is asked before anything else', () => {
  it.each([
    ['more than a body may have', `{"name":"${'a'.repeat(1_100_000)}"}`],
    ['what is no JSON', '{'],
  ])('of a stranger, %s is not read', async (_, body) => {
    const headers = { ...bearer('nobody-has-this-key'), 'Content-Type': 'application/json' }
    expect((await ask('/v1/profiles/x', { method: 'PUT', headers, body })).status).toBe(401)
  })

  it('a body that a caller without a key announces and never sends is not awaited', async () => {
    const { hostname, port } = new URL(assent.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      'PUT /v1/profiles/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    )
    const [first] = await Promise.race([
      new Promise<[string]>((resolve) => socket.once('data', (data) => resolve([String(data)]))),
      new Promise<[string]>((resolve) => setTimeout(() => resolve(['no answer']), 20_000)),
    ])
    socket.destroy()
    expect(first).toContain('401 Unauthorized')
  })
})

describe('wrong keys', () => {
  const tryWrongKeys = (count: number) =>
    many(count, () => ask('/v1/profiles', { headers: bearer(newHandle()) }))

  it('are refused unseen after some, with the time to wait; good keys from the same address go on working', async () => {
    const { key } = await assent.api.ok(
      'POST',
      '/v1/keys',
      { name: 'CRM', scopes: ['read'] },
      z.object({ key: z.string() }).loose(),
    )
    expect((await ask('/v1/profiles', { headers: bearer(key) })).status).toBe(200)
    await tryWrongKeys(80)
    const held = await ask('/v1/profiles', { headers: bearer(newHandle()) })
    expect(held.status).toBe(429)
    expect(Number(held.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await held.json()).toMatchObject({ code: 'too-many-wrong-keys' })
    expect((await ask('/v1/profiles', { headers: bearer(key) })).status).toBe(200)
  })

  it('of one network do not delay callers of another', async () => {
    await tryWrongKeys(80)
    from = { 'X-Forwarded-For': '203.0.113.200' }
    expect((await ask('/v1/profiles', { headers: bearer(newHandle()) })).status).toBe(401)
  })

  it('from many addresses of one IPv6 network are those of one', async () => {
    let host = 0
    await many(80, () => {
      host += 1
      from = { 'X-Forwarded-For': `2001:db8:7:7::${host.toString(16)}` }
      return ask('/v1/profiles', { headers: bearer(newHandle()) })
    })
    from = { 'X-Forwarded-For': '2001:db8:7:7:ffff::1' }
    expect((await ask('/v1/profiles', { headers: bearer(newHandle()) })).status).toBe(429)
    from = { 'X-Forwarded-For': '2001:db8:7:8::1' }
    expect((await ask('/v1/profiles', { headers: bearer(newHandle()) })).status).toBe(401)
  })

  it('cannot be spread by inventing what is no address', async () => {
    let made = 0
    await many(80, () => {
      made += 1
      from = { 'X-Forwarded-For': `not-an-address-${made}` }
      return ask('/v1/profiles', { headers: bearer(newHandle()) })
    })
    from = { 'X-Forwarded-For': 'not-an-address-either' }
    expect((await ask('/v1/profiles', { headers: bearer(newHandle()) })).status).toBe(429)
  })
})

describe('links that were never issued', () => {
  it.each(['/t', '/confirm', '/unsubscribe', '/preferences'])(
    'after many of %s, clicks and confirmations wait; whoever wants out gets out all the same',
    async (path) => {
      const mail = await sent(assent, await putPerson(assent.api))
      await many(150, () => ask(`${path}/${newHandle()}`))
      const click = mail.url('/t').slice(assent.url.length)
      const held = await ask(click)
      expect(held.status).toBe(429)
      expect(Number(held.headers.get('Retry-After'))).toBeGreaterThan(0)
      expect((await ask(`/confirm/${newHandle()}`)).status).toBe(429)

      const unsubscribe = mail.url('/unsubscribe').slice(assent.url.length)
      expect((await ask(mail.url('/preferences').slice(assent.url.length))).status).toBe(200)
      expect((await ask(unsubscribe)).status).toBe(200)
      const out = await ask(unsubscribe, {
        method: 'POST',
        body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      })
      expect(out.status).toBe(200)
      expect((await newestEvent(assent, mail.point)).event.state).toBe('opted-out')
      // Others are not concerned.
      from = { 'X-Forwarded-For': '203.0.113.201' }
      expect((await ask(click)).status).toBe(302)
    },
  )

  it('of the pixel are answered with the pixel, as always', async () => {
    const answers = await many(150, () => ask(`/o/${newHandle()}`))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('a thousand one-click withdrawals from one address are all taken', async () => {
    const mail = await sent(assent, await putPerson(assent.api))
    const path = mail.url('/unsubscribe').slice(assent.url.length)
    const answers = await many(1_000, () => ask(path, { method: 'POST' }))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('the address in X-Forwarded-For', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['<script>', null],
    ['unknown', null],
    ['999.1.1.1', null],
    ['', '127.0.0.1'],
  ])('"%s" is evidence as %s', async (given, kept) => {
    const mail = await sent(assent, await putPerson(assent.api))
    from = given === '' ? {} : { 'X-Forwarded-For': given }
    await ask(mail.url('/unsubscribe').slice(assent.url.length), { method: 'POST' })
    expect((await newestEvent(assent, mail.point)).evidence.ip).toBe(kept)
  })

  test('is read in the forms that proxies write', () => {
    expect(asAddress('fe80::1%eth0')).toBe('fe80::1')
    expect(asAddress('203.0.113.9:99999999')).toBeNull()
    expect(asAddress(undefined)).toBeNull()
  })
})

it('however many ask whether we are ready, the parts are asked once a second at most', async () => {
  let asked = 0
  const app = express()
  const part = () => {
    asked += 1
    return Promise.resolve()
  }
  app.use(healthRoutes({ database: part, engine: part, workers: async () => ({ alive: 1, channels: {} }) }))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const began = performance.now()
  const answers = await many(500, () => fetch(`http://127.0.0.1:${port}/readyz`))
  const seconds = Math.ceil((performance.now() - began) / 1000)
  server.close()
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(asked).toBeLessThanOrEqual(2 * (seconds + 1))
})

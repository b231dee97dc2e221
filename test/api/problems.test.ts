import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { sql } from 'drizzle-orm'
import express from 'express'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { problemKinds } from '../../api/problemKinds.ts'
import { problemShape, problems } from '../../api/problems.ts'
import { httpServer, requireHost } from '../../api/serving.ts'
import { catalogued, isRefusalCode } from '../../domain/refusals/catalogue.ts'
import { type Assent, startAssent } from '../harness/assent.ts'

let assent: Assent

beforeAll(async () => {
  assent = await startAssent({ worker: false })
})
afterAll(() => assent?.stop())

/** One request for each kind of problem that a caller can bring about alone. */
const provoked = [
  ['malformed', 'PUT', '/v1/profiles/default', '{', {}],
  ['unauthorised', 'GET', '/v1/profiles', undefined, { Authorization: 'Bearer nobody-knows-this-key' }],
  ['not-found', 'GET', '/v1/profiles/nowhere', undefined, {}],
  ['not-found', 'GET', '/nothing/here', undefined, {}],
  ['method-not-allowed', 'POST', '/v1/profiles/default', '{}', {}],
  ['too-large', 'PUT', '/v1/profiles/default', JSON.stringify({ name: 'a'.repeat(2_000_000) }), {}],
  ['unsupported', 'PUT', '/v1/profiles/default', 'name: x', { 'Content-Type': 'text/yaml' }],
  ['invalid', 'PUT', '/v1/profiles/default', '{}', {}],
] as const

describe('a problem document', () => {
  test.each(provoked)('%s: %s %s leads by its type to a page that says what to do', async (...one) => {
    const [kind, method, path, body, headers] = one
    const reply = await assent.api.call(method, path, body, headers)
    const problem = problemShape.parse(reply.body)
    const { status, title } = problemKinds[kind]
    expect(reply.status).toBe(status)
    expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/)
    expect(problem).toMatchObject({ type: `${assent.url}/problems/${kind}`, status, title })

    const page = await fetch(problem.type, { headers: { Accept: 'text/html' } })
    expect([page.status, page.headers.get('Content-Type')]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ])
    expect(await page.text()).toContain(`<h1>${title}</h1>`)
    const said: unknown = await (await fetch(problem.type)).json()
    const { cause, remedy } = catalogued(isRefusalCode(problem.code) ? problem.code : 'internal')
    expect(said).toMatchObject({
      type: problem.type,
      status,
      codes: expect.arrayContaining([{ code: problem.code, kind, cause, remedy }]),
    })
  })

  test('of an unexpected error reveals no internals, and does not claim that nothing was changed', async () => {
    const app = express()
    app.get('/broken', () => {
      throw new Error('password=secret')
    })
    app.use(problems(pino({ level: 'silent' }), assent.url))
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const reply = await fetch(`http://127.0.0.1:${port}/broken`)
    const text = await reply.text()
    server.close()
    expect(reply.status).toBe(500)
    expect(text).not.toContain('secret')
    const problem = problemShape.parse(JSON.parse(text))
    expect(problem.code).toBe('internal')
    expect(problem.detail).not.toMatch(/nothing was changed/i)
    expect((await fetch(problem.type)).status).toBe(200)
  })
})

test('all kinds are listed, and each has a page of its own', async () => {
  const listed: unknown = await (await fetch(`${assent.url}/problems`)).json()
  const { items } = z.object({ items: z.array(z.object({ kind: z.string() })) }).parse(listed)
  expect(items.map(({ kind }) => kind)).toEqual(Object.keys(problemKinds))
  for (const { kind } of items) expect((await fetch(`${assent.url}/problems/${kind}`)).status).toBe(200)
  expect((await fetch(`${assent.url}/problems/of-no-kind`)).status).toBe(404)
})

describe('a method that an address does not take', () => {
  test.each([
    ['DELETE', '/healthz'],
    ['POST', '/readyz'],
    ['POST', '/openapi.json'],
    ['POST', '/docs'],
    ['PUT', '/problems'],
    ['PUT', '/problems/invalid'],
    ['POST', '/metrics'],
  ])('%s %s: a problem document names the methods it takes', async (method, path) => {
    const reply = await fetch(assent.url + path, { method })
    const problem = problemShape.parse(await reply.json())
    expect([reply.status, problem.code, reply.headers.get('Allow')]).toEqual([
      405,
      'method-not-allowed',
      'GET, HEAD',
    ])
  })

  test.each([
    ['PUT', '/unsubscribe/a-link', 'GET, POST, HEAD'],
    ['DELETE', '/confirm/a-link', 'GET, POST, HEAD'],
    ['PATCH', '/preferences/a-link', 'GET, POST, HEAD'],
    ['POST', '/t/a-link', 'GET, HEAD'],
    ['POST', '/o/a-link', 'GET, HEAD'],
    ['POST', '/test-link/unsubscribe', 'GET, HEAD'],
  ])('%s %s: a person gets the same as a page', async (method, path, allow) => {
    const reply = await fetch(assent.url + path, { method, redirect: 'manual' })
    const type = reply.headers.get('Content-Type')
    expect([reply.status, type, reply.headers.get('Allow')]).toEqual([405, 'text/html; charset=utf-8', allow])
  })
})

test.each(['/confirm', '/unsubscribe/a/b', '/preferences/', '/t/%E0%A4%A', '/o'])(
  'GET %s, where there is nothing, is a page for people with 404',
  async (path) => {
    const reply = await fetch(assent.url + path)
    expect([reply.status, reply.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=utf-8'])
  },
)

test('a request without a Host header gets a problem document', async () => {
  const app = express()
  app.use(requireHost)
  app.use(problems(pino({ level: 'silent' }), assent.url))
  const server = httpServer(assent.url, app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += String(chunk)
  })
  socket.write('GET /v1/profiles HTTP/1.1\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  server.close()
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('"code":"not-http"')
})

test('a stored row that does not fit its shape is our own fault, not the caller’s', async () => {
  const key = 'of-a-later-version'
  await assent.deps.db.transaction((tx) =>
    tx.execute(sql`insert into profiles (key, version, definition) values (${key}, 1, '{}')`),
  )
  const reply = await assent.api.call('POST', '/v1/double-opt-ins', {
    contactPoint: { channel: 'email', address: 'newcomer@example.com' },
    profile: key,
    grants: [{ purpose: 'marketing' }],
  })
  expect([reply.status, problemShape.parse(reply.body).code]).toEqual([500, 'internal'])
})

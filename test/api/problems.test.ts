import { createServer } from 'node:http'
import express from 'express'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { problemKinds } from '../../api/problemKinds.ts'
import { problemShape, problems } from '../../api/problems.ts'
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

  test('of an error nobody foresaw says nothing of the inside, and does not claim that nothing was changed', async () => {
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

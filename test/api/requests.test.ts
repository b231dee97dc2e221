/** What every request has: an id that leads from an answer to the log, and an answer that people can read if they ask for one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { LogLines } from '../harness/logLines.ts'
import { until } from '../harness/until.ts'

const log = new LogLines()
let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false, log: log.open('api') })
})
afterAll(() => assent.stop())

const requestId = async (given?: string): Promise<string | null> => {
  const headers: Record<string, string> = given === undefined ? {} : { 'X-Request-Id': given }
  return (await assent.api.call('GET', '/v1/runs', undefined, headers)).headers.get('X-Request-Id')
}

describe('the id of a request', () => {
  it('is answered as a header, and is another each time', async () => {
    const [first, second] = [await requestId(), await requestId()]
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).not.toBe(first)
  })

  it('is the one that came with the request', async () => {
    const id = '4bf92f3577b34da6a3ce929d0e0e4736'
    expect(await requestId(id)).toBe(id)
  })

  it.each([
    'short',
    'person@example.com',
    'Jane.Doe',
    'a b c d e f',
    '+43660123456',
    'x'.repeat(129),
    '{"a":1}',
  ])('is never "%s", though that came with it', async (given) => {
    expect(await requestId(given)).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ['GET', '/v1/runs?colour=red', 422],
    ['GET', '/v1/runs/none', 404],
    ['GET', '/nowhere', 404],
    ['PATCH', '/v1/runs', 405],
  ])('stands in the problem document of %s %s', async (method, path, status) => {
    const answer = await assent.api.call(method, path)
    expect(answer.status).toBe(status)
    expect(problemShape.parse(answer.body).requestId).toBe(answer.headers.get('X-Request-Id'))
  })

  it('is given to pages and health checks too', async () => {
    for (const path of ['/healthz', '/unsubscribe/none', '/docs']) {
      const answer = await fetch(`${assent.url}${path}`)
      expect(answer.headers.get('X-Request-Id'), path).toMatch(/^[0-9a-f-]{36}$/)
    }
  })
})

describe('the line of a request in the log', () => {
  const lineOf = (id: string) =>
    until('the line', async () => log.lines().find((line) => line.request === id && line.msg === 'request'))
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const answer = await assent.api.call(method, path, undefined, headers)
    return lineOf(answer.headers.get('X-Request-Id') ?? '')
  }

  it('names method, route, status, duration, key and the code of a problem', async () => {
    expect(await ask('GET', '/v1/runs')).toMatchObject({
      method: 'GET',
      route: '/v1/runs',
      status: 200,
      ms: expect.any(Number),
      key: 'environment',
    })
    expect(await ask('GET', '/v1/runs?colour=red')).toMatchObject({ status: 422, code: 'unknown-parameter' })
    const stranger = await ask('GET', '/v1/runs', { Authorization: 'Bearer none' })
    expect(stranger).toMatchObject({ status: 401, code: 'key-unknown' })
    expect(stranger).not.toHaveProperty('key')
  })

  it('names the pattern of the route and nothing of the URL', async () => {
    expect(await ask('GET', '/v1/contacts/person-4711?colour=secret-4711')).toMatchObject({
      route: '/v1/contacts/{externalId}',
      status: 422,
    })
    expect(await ask('GET', '/v1/runs/secret-4711')).toMatchObject({ route: '/v1/runs/{id}', status: 404 })
    expect(await ask('GET', '/nowhere/secret-4711')).toMatchObject({ route: null, status: 404 })
    expect(await ask('GET', '/unsubscribe/secret-4711')).toMatchObject({ route: '/unsubscribe/{handle}' })
    expect(log.text()).not.toContain('4711')
  })

  it('is one, also where the answer is an error', async () => {
    const line = await ask('GET', '/v1/runs?colour=red')
    expect(log.lines().filter((one) => one.request === line.request)).toHaveLength(1)
  })
})

describe('?pretty', () => {
  const keys = z.object({ items: z.array(z.unknown()) })

  it.each(['/v1/keys?pretty', '/v1/keys?pretty=true', '/v1/runs?limit=1&pretty=1', '/readyz?pretty'])(
    '%s is answered in lines',
    async (path) => {
      const { text, status } = await assent.api.call('GET', path)
      expect(status).toBe(200)
      expect(text).toMatch(/^\{\n {2}"\w+": /)
      expect(text.endsWith('\n')).toBe(true)
    },
  )

  it.each(['/v1/keys', '/v1/keys?pretty=false'])('%s is answered in one line', async (path) => {
    const { text, body } = await assent.api.call('GET', path)
    expect(text).not.toContain('\n')
    expect(keys.safeParse(body).success).toBe(true)
  })

  it('holds for problem documents as well', async () => {
    const { text, body } = await assent.api.call('GET', '/v1/runs/none?pretty')
    expect(text.split('\n').length).toBeGreaterThan(5)
    expect(problemShape.parse(body).status).toBe(404)
  })
})

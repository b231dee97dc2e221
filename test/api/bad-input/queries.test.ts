/** What stands behind the question mark is checked as bodies are: an unknown name, a wrong cursor and a wrong number change the meaning. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemShape } from '../../../api/problems.ts'
import { Furnished } from './refused.ts'

let deps: Furnished
beforeAll(async () => {
  deps = await Furnished.start()
})
afterAll(() => deps.assent.stop())

const lists = [
  '/v1/contacts',
  '/v1/runs',
  '/v1/deliveries',
  '/v1/suppressions',
  '/v1/journeys',
  '/v1/messages',
  '/v1/profiles',
  '/v1/purposes',
  '/v1/trigger-definitions',
  '/v1/keys',
]

describe.each(lists)('%s', (path) => {
  it('refuses a parameter it does not know, rather than answer everything', () =>
    deps.refuses({ method: 'GET', path: `${path}?colour=red`, status: 422, pointers: ['/query/colour'] }))
})

describe.each(lists)('%s', (path) => {
  const byKey = /journeys|messages|profiles|purposes/.test(path)
  const noIds = byKey ? [] : ['x', '0', '01990000-0000-7000-8000-00000000000g']
  it.each(['x!', 'A b', '%C3%BC', "'--", '', ...noIds])('refuses "%s" as a cursor', async (after) => {
    const bad = { method: 'GET', path: `${path}?after=${after}`, status: 422, pointers: ['/query/after'] }
    await deps.refuses(bad)
    const problem = problemShape.parse((await deps.send(bad)).body)
    expect([problem.code, problem.errors[0]?.code]).toEqual(['invalid-cursor', 'invalid-cursor'])
  })

  it.each(['0', '-1', '201', '1.5', '1e9', 'NaN', '', '99999999999999999999999', '1&limit=2'])(
    'refuses "%s" as a limit',
    (limit) =>
      deps.refuses({
        method: 'GET',
        path: `${path}?limit=${limit}`,
        status: 422,
        pointers: ['/query/limit'],
      }),
  )
})

describe('an unknown parameter', () => {
  it.each([
    ['GET', '/v1/runs?stat=waiting', 'Did you mean "state"?'],
    ['GET', '/v1/runs?jounrey=welcome', 'Did you mean "journey"?'],
    ['GET', '/v1/deliveries?Contact=c-1', 'Did you mean "contact"?'],
    ['GET', '/v1/messages/first?version=2', 'This route takes pretty'],
    ['PUT', '/v1/purposes/marketing?confirmed=true', 'Did you mean "confirm"?'],
    ['POST', '/v1/consents/check?asOf=2026-01-01T00:00:00Z', 'This route takes pretty'],
  ])('in %s %s says what was meant', async (method, path, hint) => {
    const body = method === 'GET' ? undefined : {}
    const problem = problemShape.parse((await deps.send({ method, path, body, status: 422 })).body)
    expect(problem).toMatchObject({ status: 422, code: 'unknown-parameter' })
    expect(problem.errors).toHaveLength(1)
    expect(problem.errors[0]).toMatchObject({ code: 'unknown-parameter' })
    expect(problem.errors[0]?.message).toContain(hint)
  })

  it('is named by a pointer, and however many there are, the answer stays short', async () => {
    const many = Array.from({ length: 2_000 }, (_, at) => `p${at}`).join('&')
    const problem = problemShape.parse((await deps.assent.api.call('GET', `/v1/runs?a/b~c=1&${many}`)).body)
    expect(problem.errors[0]?.pointer).toBe('/query/a~1b~0c')
    expect(problem.errors).toHaveLength(20)
  })

  it('is not looked at before the key is', async () => {
    const answer = await fetch(`${deps.assent.url}/v1/runs?colour=red`)
    expect(answer.status).toBe(401)
  })
})

describe('an id in a path that is none', () => {
  it.each([
    '/v1/runs/x',
    '/v1/deliveries/x',
    '/v1/double-opt-ins/x',
    '/v1/runs/01990000-0000-7000-8000-00000000000',
    '/v1/deliveries/%00',
    '/v1/contacts/%00',
    `/v1/contacts/${'x'.repeat(201)}`,
    '/v1/journeys/..%2F..',
    '/v1/messages/Ä',
    '/v1/trigger-definitions/nodot',
  ])('%s is not found', (path) => deps.refuses({ method: 'GET', path, status: 404 }))
})

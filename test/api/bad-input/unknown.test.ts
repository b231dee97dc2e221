/** What is asked for and not there, and definitions of journeys that are wrong. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { commercial } from '../../harness/fixtures.ts'
import { type Bad, consent, Furnished } from './refused.ts'

let deps: Furnished
beforeAll(async () => {
  deps = await Furnished.start()
})
afterAll(() => deps.assent.stop())

describe('what is not known', () => {
  it.each([
    ['a trigger', { path: '/v1/triggers/nobody.knows', body: { contact: { externalId: 'x' } }, status: 404 }],
    [
      'a contact, by external id',
      {
        path: '/v1/triggers/order.placed',
        body: { contact: { externalId: 'nobody' } },
        status: 422,
        pointers: ['/contact/externalId'],
      },
    ],
    [
      'a contact, by address',
      {
        path: '/v1/triggers/order.placed',
        body: { contact: { email: 'nobody@example.com' } },
        status: 422,
        pointers: ['/contact/email'],
      },
    ],
    ['a contact, to look at', { method: 'GET', path: '/v1/contacts/nobody', status: 404 }],
    [
      'a journey, to start',
      { path: '/v1/journeys/nowhere/runs', body: { contact: { externalId: 'x' } }, status: 404 },
    ],
    ['a journey, to publish', { path: '/v1/journeys/nowhere/publish', status: 404 }],
    [
      'a purpose, to consent to',
      {
        path: '/v1/consents',
        body: { ...consent, purpose: 'unheard-of' },
        status: 422,
        pointers: ['/purpose'],
      },
    ],
    [
      'a topic, to consent to',
      { path: '/v1/consents', body: { ...consent, topic: 'unheard-of' }, status: 422, pointers: ['/topic'] },
    ],
    [
      'a channel',
      {
        path: '/v1/consents',
        body: { ...consent, contactPoint: { channel: 'pigeon', address: 'x' } },
        status: 422,
        pointers: ['/contactPoint/channel'],
      },
    ],
    [
      'a purpose of a message',
      {
        method: 'PUT',
        path: '/v1/messages/new',
        body: commercial('New', { purpose: 'unheard-of' }),
        status: 422,
        pointers: ['/purpose'],
      },
    ],
    [
      'a topic of a message',
      {
        method: 'PUT',
        path: '/v1/messages/new',
        body: commercial('New', { topic: 'unheard-of' }),
        status: 422,
        pointers: ['/topic'],
      },
    ],
    ['a message', { method: 'GET', path: '/v1/messages/nothing', status: 404 }],
    ['a run', { method: 'GET', path: `/v1/runs/${randomUUID()}`, status: 404 }],
    ['a run, to cancel', { path: `/v1/runs/${randomUUID()}/cancel`, status: 404 }],
    ['a delivery', { method: 'GET', path: `/v1/deliveries/${randomUUID()}`, status: 404 }],
    ['a double opt-in', { method: 'GET', path: `/v1/double-opt-ins/${randomUUID()}`, status: 404 }],
    ['a key', { method: 'DELETE', path: `/v1/keys/${randomUUID()}`, status: 404 }],
    ['an address', { method: 'GET', path: '/v1/nothing/here', status: 404 }],
  ] satisfies [string, Bad][])('%s', (_, bad) => deps.refuses(bad))
})

describe('a definition of a journey', () => {
  const send = { id: 'one', type: 'send', message: 'first' }
  const first = (step: Record<string, unknown>) => ({ steps: [step] })
  const broken: [string, Record<string, unknown>, string][] = [
    ['a step id used twice', { steps: [send, { id: 'one', type: 'wait', for: '1 day' }] }, '/steps/1/id'],
    ['a message that is missing', first({ ...send, message: 'unwritten' }), '/steps/0/message'],
    ['a duration nobody can read', first({ id: 'pause', type: 'wait', for: 'a fortnight' }), '/steps/0/for'],
    [
      'a time-out nobody can read',
      first({
        id: 'w',
        type: 'waitFor',
        timeout: '3 moons',
        events: [{ trigger: 'order.placed', steps: [] }],
      }),
      '/steps/0/timeout',
    ],
    [
      'a condition that does not parse',
      first({ id: 'b', type: 'branch', cases: [{ when: 'contact.attributes.size ==', steps: [] }] }),
      '/steps/0/cases/0/when',
    ],
    [
      'a condition that gives no yes or no',
      { ...first(send), entry: { trigger: 'order.placed', where: '1 + 1' } },
      '/entry/where',
    ],
    ['an unknown trigger', { ...first(send), entry: { trigger: 'nobody.knows' } }, '/entry/trigger'],
    [
      'an interaction with a step that sends nothing',
      {
        steps: [
          { id: 'pause', type: 'wait', for: '1 day' },
          { id: 'w', type: 'waitFor', timeout: '1 day', events: [{ opened: 'pause', steps: [] }] },
        ],
      },
      '/steps/1/events/0/opened',
    ],
  ]
  it.each(broken)(
    'with %s is kept as a draft that says so, and is not published',
    async (_, definition, pointer) => {
      const path = `/v1/journeys/broken-${randomUUID()}`
      const put = await deps.assent.api.call('PUT', path, { name: 'Broken', ...definition })
      expect(put.status).toBe(200)
      const said = z.looseObject({
        problems: z.array(z.looseObject({ severity: z.string(), pointer: z.string() })),
      })
      const errors = said.parse(put.body).problems.filter((problem) => problem.severity === 'error')
      expect(errors.map((problem) => problem.pointer)).toEqual([pointer])
      await deps.refuses({ path: `${path}/publish`, status: 422, pointers: [pointer] })
    },
  )

  const malformed: [string, Record<string, unknown>, string[]][] = [
    ['without steps', {}, ['/steps']],
    ['with an unknown kind of step', first({ id: 'x', type: 'teleport' }), ['/steps/0/type']],
    ['with a field that is none', first({ ...send, mesage: 'first' }), ['/steps/0/mesage']],
    ['with a send that names no message', first({ id: 'one', type: 'send' }), ['/steps/0/message']],
    ['under another key than its address', { ...first(send), key: 'another' }, ['/key']],
  ]
  it.each(malformed)('%s is refused when it is put', (_, definition, pointers) =>
    deps.refuses({
      method: 'PUT',
      path: '/v1/journeys/malformed',
      body: { name: 'Broken', ...definition },
      status: 422,
      pointers,
    }),
  )
})

/** The same thing said several times at once has one effect, and everybody who said it gets the same answer. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemShape } from '../../api/problems.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf, type Reply, takenShape } from '../harness/client.ts'
import { publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { countRows } from '../harness/rows.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.api.put('/v1/trigger-definitions/newcomer.seen', {
    description: 'Somebody new',
    createContact: true,
  })
  for (const trigger of ['cart.abandoned', 'newcomer.seen']) {
    await publish(assent.api, {
      entry: { trigger },
      reentry: 'always',
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
  }
})
afterAll(() => assent.stop())

const counts = () => countRows(assent.environment.DATABASE_URL ?? '', ['outbox'])
/** Rows as they are once everything that was under way has been told. */
async function settled(): Promise<Record<string, number>> {
  await until(
    'an empty outbox',
    async () => (await countRows(assent.environment.DATABASE_URL ?? '')).outbox === 0,
  )
  return counts()
}

async function more(act: () => Promise<void>): Promise<Record<string, number>> {
  const before = await settled()
  await act()
  const after = await settled()
  const differences = Object.entries(after).map(
    ([table, count]) => [table, count - (before[table] ?? 0)] as const,
  )
  return Object.fromEntries(differences.filter(([, difference]) => difference !== 0))
}

const tenTimes = <T>(act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 10 }, (_, index) => act(index)))

function post(trigger: string, body: unknown, headers?: Record<string, string>): Promise<Reply> {
  return assent.api.call('POST', `/v1/triggers/${trigger}`, body, headers)
}

describe('a trigger with an id', () => {
  it('posted ten times in parallel starts one run; nine get the first one’s answer as a duplicate', async () => {
    const person = await putPerson(assent.api)
    const body = { id: randomUUID(), contact: { externalId: person.externalId }, payload: { cart: 1 } }
    let replies: Reply[] = []
    const rows = await more(async () => {
      replies = await tenTimes(() => post('cart.abandoned', body))
    })
    expect(rows).toEqual({
      trigger_events: 1,
      trigger_ids: 1,
      runs: 1,
      open_runs: 1,
      journey_entries: 1,
      waits: 1,
      run_path: 1,
    })
    expect(replies.map((reply) => reply.status)).toEqual(Array(10).fill(202))
    const taken = replies.map((reply) => takenShape.parse(reply.body))
    expect(taken.filter((answer) => !answer.duplicate)).toHaveLength(1)
    const [first] = taken
    expect(first?.started).toHaveLength(1)
    for (const answer of taken) expect({ ...answer, duplicate: true }).toEqual({ ...first, duplicate: true })
  })

  it('creates an unknown contact once, whichever trigger comes first', async () => {
    const body = { id: randomUUID(), contact: { email: `${randomUUID()}@example.com` }, payload: {} }
    let replies: Reply[] = []
    const rows = await more(async () => {
      replies = await tenTimes(() => post('newcomer.seen', body))
    })
    expect(replies.map((reply) => reply.status)).toEqual(Array(10).fill(202))
    // The contact's own creation is an event too.
    expect(rows).toEqual({
      contacts: 1,
      contact_points: 1,
      contact_addresses: 1,
      trigger_events: 2,
      trigger_ids: 2,
      runs: 1,
      open_runs: 1,
      journey_entries: 1,
      waits: 1,
      run_path: 1,
    })
  })

  it('is a conflict with another content or another contact, names the field, and changes nothing', async () => {
    const person = await putPerson(assent.api)
    const body = { id: randomUUID(), contact: { externalId: person.externalId }, payload: { cart: 1 } }
    expect((await post('newcomer.seen', body)).status).toBe(202)
    const others = [
      { ...body, payload: { cart: 2 } },
      { ...body, contact: { externalId: (await putPerson(assent.api)).externalId } },
      { ...body, contact: { email: `${randomUUID()}@example.com` } },
      { ...body, occurredAt: '2026-11-01T00:00:00Z' },
    ]
    const rows = await more(async () => {
      for (const other of others) {
        const reply = await post('newcomer.seen', other)
        expect(reply.status).toBe(409)
        expect(problemShape.parse(reply.body).errors).toEqual([
          { pointer: '/id', code: 'trigger-id-reused', message: expect.any(String) },
        ])
      }
    })
    expect(rows).toEqual({})
  })

  it('is another one under another name', async () => {
    const person = await putPerson(assent.api)
    const body = { id: randomUUID(), contact: { externalId: person.externalId }, payload: {} }
    expect(takenShape.parse((await post('cart.abandoned', body)).body).duplicate).toBe(false)
    expect(takenShape.parse((await post('newcomer.seen', body)).body).duplicate).toBe(false)
  })
})

it('several triggers for one newcomer at once all concern one contact', async () => {
  const contact = { email: `${randomUUID()}@example.com` }
  const rows = await more(async () => {
    const replies = await tenTimes(() => post('newcomer.seen', { id: randomUUID(), contact, payload: {} }))
    expect(replies.map((reply) => reply.status)).toEqual(Array(10).fill(202))
  })
  expect(rows).toMatchObject({ contacts: 1, contact_points: 1, contact_addresses: 1, runs: 10 })
})

it('a trigger never takes away what a contact has, though both are put at the same moment', async () => {
  for (let round = 0; round < 10; round++) {
    const externalId = `both-${randomUUID()}`
    const put = { email: `${randomUUID()}@example.com`, attributes: { size: 'L' }, locale: 'de' }
    await Promise.all([
      assent.api.call('PUT', `/v1/contacts/${externalId}`, put),
      post('newcomer.seen', { id: randomUUID(), contact: { externalId }, payload: {} }),
    ])
    const stored = await assent.api.call('GET', `/v1/contacts/${externalId}`)
    expect(stored.body).toMatchObject(put)
  }
})

describe('an Idempotency-Key', () => {
  it('on ten starts in parallel starts one run, and all are answered with it', async () => {
    const journey = await publish(assent.api, {
      reentry: 'always',
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
    const person = await putPerson(assent.api)
    const path = `/v1/journeys/${journey}/runs`
    const headers = { 'Idempotency-Key': randomUUID() }
    const start = (payload: object) =>
      assent.api.call('POST', path, { contact: { externalId: person.externalId }, payload }, headers)
    let replies: Reply[] = []
    const rows = await more(async () => {
      replies = await tenTimes(() => start({}))
    })
    expect(rows).toEqual({
      idempotency_keys: 1,
      runs: 1,
      open_runs: 1,
      journey_entries: 1,
      waits: 1,
      run_path: 1,
    })
    expect(replies.map((reply) => reply.status)).toEqual(Array(10).fill(201))
    expect(new Set(replies.map((reply) => idOf.parse(reply.body).id)).size).toBe(1)
    expect((await start({ other: true })).status).toBe(409)
  })

  it('on ten triggers in parallel, without an id of their own, takes one', async () => {
    const person = await putPerson(assent.api)
    const headers = { 'Idempotency-Key': randomUUID() }
    const body = { contact: { externalId: person.externalId }, payload: {} }
    let replies: Reply[] = []
    const rows = await more(async () => {
      replies = await tenTimes(() => post('cart.abandoned', body, headers))
    })
    expect(rows).toEqual({
      idempotency_keys: 1,
      trigger_events: 1,
      runs: 1,
      open_runs: 1,
      journey_entries: 1,
      waits: 1,
      run_path: 1,
    })
    for (const reply of replies) expect(reply.body).toEqual(replies[0]?.body)
  })

  it('that was refused may be used again for the request put right', async () => {
    const person = await putPerson(assent.api)
    const headers = { 'Idempotency-Key': randomUUID() }
    const wrong = { contact: { externalId: `nobody-${randomUUID()}` }, payload: {} }
    expect((await post('cart.abandoned', wrong, headers)).status).toBe(422)
    const right = { contact: { externalId: person.externalId }, payload: {} }
    expect((await post('cart.abandoned', right, headers)).status).toBe(202)
  })
})

/** A trigger's id counts once for ever: the same again gets the first answer, whatever has changed since. */
import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemShape } from '../../api/problems.ts'
import { triggerIds } from '../../db/schema/triggers.ts'
import { sweepBatch } from '../../transactions/retention/sweepBatch.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { type Reply, takenShape } from '../harness/client.ts'
import { type Person, publish, putBrand, putPerson } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const post = (trigger: string, body: unknown): Promise<Reply> =>
  assent.api.call('POST', `/v1/triggers/${trigger}`, body)

/** A trigger with a journey that it starts, both of this test alone. */
async function newTrigger(definition: Record<string, unknown> = {}): Promise<string> {
  const name = `order.n-${randomUUID()}`
  await assent.api.put(`/v1/trigger-definitions/${name}`, { description: 'An order', ...definition })
  return name
}

const changes: [string, (person: Person, trigger: string) => Promise<unknown>][] = [
  [
    'the schema asks for more',
    (_, trigger) =>
      assent.api.put(`/v1/trigger-definitions/${trigger}`, {
        description: 'Now with a total',
        schema: { type: 'object', required: ['total'] },
      }),
  ],
  ['the address has moved away', ({ externalId }) => assent.api.put(`/v1/contacts/${externalId}`, {})],
  [
    'the address has moved to somebody else',
    async ({ externalId, email }) => {
      await assent.api.put(`/v1/contacts/${externalId}`, {})
      await putPerson(assent.api, { email })
    },
  ],
  ['the address is shared by now', ({ email }) => putPerson(assent.api, { email })],
  [
    'the definition was deleted',
    async (_, trigger) =>
      expect((await assent.api.call('DELETE', `/v1/trigger-definitions/${trigger}`)).status).toBe(204),
  ],
]

describe('the same again gets the first answer, though', () => {
  it.each(changes)('%s', async (_, change) => {
    const person = await putPerson(assent.api)
    const trigger = await newTrigger()
    const body = { id: randomUUID(), contact: { email: person.email }, payload: { order: 1 } }
    const first = takenShape.parse((await post(trigger, body)).body)
    await change(person, trigger)
    const again = await post(trigger, body)
    expect(again.status).toBe(202)
    expect(again.body).toEqual({ ...first, contactCreated: null, problems: [], duplicate: true })
  })

  it('it started a run the first time', async () => {
    const person = await putPerson(assent.api)
    const trigger = await newTrigger()
    await publish(assent.api, {
      entry: { trigger },
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
    const body = { id: randomUUID(), contact: { email: person.email } }
    const first = takenShape.parse((await post(trigger, body)).body)
    expect(first.started).toHaveLength(1)
    await assent.api.put(`/v1/contacts/${person.externalId}`, {})
    expect((await post(trigger, body)).body).toMatchObject({ started: first.started, duplicate: true })
  })

  it('it created the contact the first time, without an address', async () => {
    const trigger = await newTrigger({ createContact: true })
    const externalId = `crm-${randomUUID()}`
    const body = { id: randomUUID(), contact: { externalId } }
    const answers = [(await post(trigger, body)).body, (await post(trigger, body)).body]
    const problems = [{ severity: 'warning', pointer: '/contact', code: 'contact-without-address' }]
    expect(answers).toMatchObject([
      { duplicate: false, contactCreated: externalId, problems },
      { duplicate: true, contactCreated: externalId, problems },
    ])
  })
})

describe('another content under the same id is a conflict', () => {
  it.each<[string, (body: Record<string, unknown>, person: Person) => Record<string, unknown>]>([
    ['another payload', (body) => ({ ...body, payload: { order: 2 } })],
    ['another moment', (body) => ({ ...body, occurredAt: '2026-11-01T00:00:00Z' })],
    // What it resolves to is the same contact; what was said is not.
    ['the contact named in another way', (body, { externalId }) => ({ ...body, contact: { externalId } })],
    ['a payload that breaks the schema', (body) => ({ ...body, payload: { order: 'none' } })],
  ])('%s', async (_, other) => {
    const person = await putPerson(assent.api)
    const trigger = await newTrigger({ schema: { properties: { order: { type: 'number' } } } })
    const body = { id: randomUUID(), contact: { email: person.email }, payload: { order: 1 } }
    expect((await post(trigger, body)).status).toBe(202)
    const reply = await post(trigger, other(body, person))
    expect(reply.status).toBe(409)
    expect(problemShape.parse(reply.body)).toMatchObject({
      code: 'trigger-id-reused',
      errors: [{ pointer: '/id', code: 'trigger-id-reused' }],
    })
  })
})

describe('ids are kept for 400 days', () => {
  const ageOf = async (id: string, days: number) => {
    await assent.deps.db.transaction((tx) =>
      tx
        .update(triggerIds)
        .set({ recordedAt: sql`clock_timestamp() - make_interval(days => ${days})` })
        .where(eq(triggerIds.id, id)),
    )
  }

  it('and then forgotten, few at a time; younger ones stay', async () => {
    const person = await putPerson(assent.api)
    const trigger = await newTrigger()
    const ids = Array.from({ length: 5 }, () => randomUUID())
    for (const id of ids)
      expect((await post(trigger, { id, contact: { email: person.email } })).status).toBe(202)
    const [young = '', ...old] = ids
    const sweep = async () => (await sweepBatch(assent.deps.db, 'trigger-ids', { days: 400, most: 3 })).swept
    await ageOf(young, 399)
    for (const id of old) await ageOf(id, 401)
    expect(await sweep()).toBe(3)
    expect(await sweep()).toBe(1)
    expect(await sweep()).toBe(0)
    expect((await post(trigger, { id: young, contact: { email: person.email } })).body).toMatchObject({
      duplicate: true,
    })
    expect((await post(trigger, { id: old[0], contact: { email: person.email } })).body).toMatchObject({
      duplicate: false,
    })
  })
})

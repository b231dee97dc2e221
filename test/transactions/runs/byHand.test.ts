/** A run that is started by hand is held to what the trigger of its entry promises. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { problemShape } from '../../../api/problems.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { type Person, publish, putBrand, putPerson } from '../../harness/fixtures.ts'
import { countRows } from '../../harness/rows.ts'

let assent: Assent
let journey: string
let person: Person
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.api.put('/v1/trigger-definitions/order.paid', {
    description: 'An order was paid',
    schema: {
      type: 'object',
      properties: { order: { type: 'string' }, total: { type: 'number', minimum: 0 } },
      required: ['order'],
      additionalProperties: false,
    },
  })
  journey = await publish(assent.api, {
    entry: { trigger: 'order.paid' },
    reentry: 'always',
    steps: [{ id: 'confirmation', type: 'send', message: 'receipt' }],
  })
  person = await putPerson(assent.api)
})
afterAll(() => assent.stop())

const start = (body: Record<string, unknown>, key = journey) =>
  assent.api.call('POST', `/v1/journeys/${key}/runs`, { contact: { externalId: person.externalId }, ...body })

const runs = async () => (await countRows(assent.environment.DATABASE_URL ?? '')).runs

it.each<[string, Record<string, unknown>, string[]]>([
  ['no payload', {}, ['/payload/order']],
  ['a payload without what is required', { payload: { total: 1 } }, ['/payload/order']],
  [
    'several faults',
    { payload: { order: 7, total: -1, colour: 'red' } },
    ['/payload/colour', '/payload/order', '/payload/total'],
  ],
])('%s is refused, naming each fault, and starts nothing', async (_, body, pointers) => {
  const before = await runs()
  const reply = await start(body)
  expect(reply.status).toBe(422)
  expect(
    problemShape
      .parse(reply.body)
      .errors.map((error) => error.pointer)
      .sort(),
  ).toEqual(pointers)
  expect(await runs()).toBe(before)
})

it('a payload that fits starts the run', async () => {
  expect((await start({ payload: { order: randomUUID(), total: 20 } })).status).toBe(201)
})

it('a journey without an entry takes any payload', async () => {
  const free = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
  expect((await start({ payload: { whatever: true } }, free)).status).toBe(201)
})

/** A schema and a payload that cost too much together are refused; the API goes on meanwhile. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { putBrand, putPerson } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false, threads: { deadline: 1_500 } })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

/** A tree each of whose nodes is judged by two references to the same: twice for each level of the payload. */
const schema = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: {
        child: { anyOf: [{ $ref: '#/$defs/node' }, { $ref: '#/$defs/node' }] },
        end: { type: 'number' },
      },
    },
  },
}

it('a payload whose judging doubles with each level', async () => {
  await assent.api.put('/v1/trigger-definitions/tree.grown', { description: 'A tree', schema })
  const { externalId } = await putPerson(assent.api)
  let payload: Record<string, unknown> = { end: 'not a number' }
  for (let level = 0; level < 40; level++) payload = { child: payload }
  let answered = false
  const costly = assent.api
    .call('POST', '/v1/triggers/tree.grown', { contact: { externalId }, payload })
    .finally(() => {
      answered = true
    })
  const other = await assent.api.call('POST', '/v1/triggers/cart.abandoned', { contact: { externalId } })
  expect(other.status).toBe(202)
  expect(answered).toBe(false)
  const { status, body } = await costly
  expect(status).toBe(422)
  expect(body).toMatchObject({ code: 'payload-too-costly', errors: [{ pointer: '/payload' }] })
  const small = await assent.api.call('POST', '/v1/triggers/tree.grown', {
    contact: { externalId },
    payload: { child: { end: 1 } },
  })
  expect(small.status).toBe(202)
})

it('a schema of references that double, when it is put', async () => {
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => {
      const next = at === 39 ? {} : { $ref: `#/$defs/d${at + 1}` }
      return [`d${at}`, { allOf: [next, next] }]
    }),
  )
  const put = { description: 'Doubling', schema: { $ref: '#/$defs/d0', $defs } }
  const { status, body } = await assent.api.call('PUT', '/v1/trigger-definitions/too.much', put)
  expect(status).toBe(422)
  expect(body).toMatchObject({ errors: [{ pointer: '/schema', code: 'invalid-schema' }] })
})

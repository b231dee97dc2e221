/** A workflow under a steady flood of signals still continues as a new one, so that its history does not grow without end. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { installFailpoint } from '../../failpoints.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('continues as a new one though signals come faster than questions are answered, and loses none', {
  timeout: 240_000,
}, async () => {
  const ordered = {
    id: 'ordered',
    type: 'waitFor',
    timeout: '1 day',
    events: [{ trigger: 'order.placed', steps: [] }],
  }
  const journey = await publish(assent.api, { steps: [ordered] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const handle = await assent.workflow(run)
  const { runId } = await until('the workflow', () => handle.describe())
  const signal = (times: number) =>
    Promise.all(Array.from({ length: times }, () => handle.signal('nudge', { why: 'released' })))
  await until(
    'a long history',
    async () => {
      await signal(16)
      return (await handle.describe()).historyLength > 4_000
    },
    { seconds: 120 },
  )
  // Each answer takes longer than the time between two signals.
  const remove = installFailpoint('advance:before', () => new Promise((answer) => setTimeout(answer, 400)))
  let flooding = true
  const flood = (async () => {
    while (flooding) {
      await signal(1)
      await new Promise((next) => setTimeout(next, 60))
    }
  })()
  try {
    await until('another execution', async () => (await handle.describe()).runId !== runId, { seconds: 60 })
  } finally {
    flooding = false
    await flood
    remove()
  }
  const order = { contact: { externalId: person.externalId } }
  await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
  expect((await assent.runEnded(run)).path).toMatchObject([{ step: 'ordered', outcome: 'matched' }])
  expect(await handle.result()).toEqual({ state: 'completed', reason: 'end-of-steps' })
})

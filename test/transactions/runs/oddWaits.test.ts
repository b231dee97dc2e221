/** Waits under odd histories: what one wait has taken no other gets, and no moment is too far away to wait for. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const happens = (name: string, person: Person) =>
  assent.api.ok('POST', `/v1/triggers/${name}`, { contact: { externalId: person.externalId } }, takenShape)

it('a wait that looks back to the entry does not give the waits after it events that were taken already', async () => {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      {
        id: 'left',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'cart.abandoned', since: 'entry', steps: [] }],
      },
      { id: 'again', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
    ],
  })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person)
  await assent.runWaits(id, 'ordered')
  await happens('cart.abandoned', person)
  await happens('order.placed', person)
  const run = await until('the third step', async () => {
    const seen = await assent.run(id)
    return seen.path.length === 3 ? seen : null
  })
  expect(run.path.map((step) => step.outcome)).toEqual(['matched', 'matched', 'waiting'])
  expect(run.waitingFor?.step).toBe('again')
  await happens('order.placed', person)
  expect((await assent.runEnded(id)).state).toBe('completed')
})

it.each([
  ['the end of all calendars', '9999-12-31T23:59:59Z'],
  ['a moment beyond it', '9999-12-31T23:59:59-12:00'],
])('%s is waited for in peace, and an exit still ends the run', async (_, moment) => {
  const journey = await publish(assent.api, {
    exit: [{ trigger: 'order.placed' }],
    steps: [{ id: 'pause', type: 'wait', until: 'trigger.moment' }],
  })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person, { moment })
  const run = await assent.runWaits(id, 'pause')
  expect(run.waitingFor?.until).toMatch(/^9999-12-31T/)
  const length = async () => {
    const { workflowExecutionInfo } = (await (await assent.workflow(id)).describe()).raw
    return Number(workflowExecutionInfo?.historyLength)
  }
  await until('its timer', async () => (await length()) >= 5)
  const before = await length()
  // Another run through the same worker: by its end the first one would have been woken many times over.
  const quick = await publish(assent.api, { steps: [{ id: 'short', type: 'wait', for: '2 seconds' }] })
  await assent.runEnded(await startRunOf(assent.api, quick, person))
  expect((await length()) - before).toBeLessThan(4)
  await happens('order.placed', person)
  expect((await assent.runEnded(id)).state).toBe('exited')
  expect(await assent.workflowResult(id)).toMatchObject({ state: 'exited' })
})

it('a moment before all calendars is past: the run continues', async () => {
  const journey = await publish(assent.api, {
    steps: [{ id: 'pause', type: 'wait', until: 'trigger.moment' }],
  })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person, { moment: '0000-01-01T00:00:00Z' })
  expect((await assent.runEnded(id)).path.map((step) => step.outcome)).toEqual(['waited'])
})

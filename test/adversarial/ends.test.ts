/** A run ends once, a wait is settled once: whoever comes second learns how, and changes nothing. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runs, waits } from '../../db/schema/journeys.ts'
import { triggerEvents } from '../../db/schema/triggers.ts'
import { installPoint } from '../../points.ts'
import { settleMatched } from '../../transactions/intake/matchWaits.ts'
import { cancelRun, endRun } from '../../transactions/runs/endRun.ts'
import { enterWait } from '../../transactions/runs/enterWait.ts'
import { evaluateBranch } from '../../transactions/runs/evaluateBranch.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()

/** A run that waits for an order, as far as the database knows. */
async function waiting() {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
    ],
  })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const wait = { run, step: 'ordered', visit: 1, ms: 86_400_000, kind: 'events' as const, now: now() }
  expect(await enterWait(assent.house, wait)).toMatchObject({ until: expect.any(String) })
  const { db } = assent.house
  const waitRow = async () => (await db.select().from(waits).where(eq(waits.runId, run)))[0]
  const runRow = async () => (await db.select().from(runs).where(eq(runs.id, run)))[0]
  const order = () =>
    assent.api.ok(
      'POST',
      '/v1/triggers/order.placed',
      { contact: { externalId: person.externalId } },
      takenShape,
    )
  return { run, waitRow, runRow, order }
}

it('a run that was cancelled stays so when its workflow says that it is completed', async () => {
  const { run, waitRow, runRow, order } = await waiting()
  await cancelRun(assent.house, run)
  expect((await waitRow())?.state).toBe('closed')
  const before = await runRow()
  const end = {
    run,
    state: 'completed' as const,
    reason: 'end-of-steps',
    step: null,
    visit: null,
    now: now(),
  }
  expect(await endRun(assent.house, end)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  expect(await runRow()).toEqual(before)
  // Nor does an event find it waiting.
  expect((await order()).signalled).toEqual([])
  expect((await assent.run(run)).path.map((step) => [step.step, step.outcome, step.reason])).toEqual([
    ['ordered', 'cancelled', 'cancelled'],
  ])
})

it('whoever says second that a run has come to its exit leaves the steps before it as they are', async () => {
  const journey = await publish(assent.api, {
    steps: [
      {
        id: 'which',
        type: 'branch',
        cases: [{ when: 'true', steps: [{ id: 'out', type: 'exit', reason: 'not for them' }] }],
      },
    ],
  })
  const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
  const { house } = assent
  expect(await evaluateBranch(house, { run, step: 'which', visit: 1, now: now() })).toEqual({ case: 0 })
  const exit = { run, state: 'exited' as const, reason: 'exit-step', visit: 1, now: now() }
  const ended = { state: 'exited', reason: 'exit-step' }
  expect(await endRun(house, { ...exit, step: 'out' })).toEqual(ended)
  // An attempt that comes again hears at the branch that the run has ended, and says so from there.
  expect(await evaluateBranch(house, { run, step: 'which', visit: 1, now: now() })).toEqual({ ended })
  expect(await endRun(house, { ...exit, step: 'which' })).toEqual(ended)
  expect((await assent.run(run)).path.map((step) => [step.step, step.outcome, step.reason])).toEqual([
    ['which', 'case', '0'],
    ['out', 'exited', 'not for them'],
  ])
})

it('of two attempts at a branch the first that is recorded counts for both', async () => {
  const journey = await publish(assent.api, {
    steps: [
      {
        id: 'which',
        type: 'branch',
        cases: [{ when: 'contact.attributes.plan == "basic"', steps: [{ id: 'out', type: 'exit' }] }],
      },
    ],
  })
  const person = await putPerson(assent.api, { attributes: { plan: 'basic' } })
  const run = await startRunOf(assent.api, journey, person)
  const visit = { run, step: 'which', visit: 1, now: now() }
  let second: unknown
  const remove = installPoint('branch:before-record', async () => {
    remove()
    // Taken for dead here; meanwhile the contact changes, and another attempt is made.
    await assent.api.put(`/v1/contacts/${person.externalId}`, {
      email: person.email,
      attributes: { plan: 'gold' },
    })
    second = await evaluateBranch(assent.house, visit)
  })
  expect(await evaluateBranch(assent.house, visit)).toEqual({ case: null })
  expect(second).toEqual({ case: null })
  expect(await evaluateBranch(assent.house, visit)).toEqual({ case: null })
  expect((await assent.run(run)).path).toMatchObject([{ step: 'which', outcome: 'otherwise', reason: null }])
})

it('a wait that one event has settled is not settled by another', async () => {
  const { waitRow, runRow, order } = await waiting()
  const { event } = await order()
  const settled = await waitRow()
  expect(settled).toMatchObject({ state: 'matched', eventId: event })
  const { event: second } = await order()
  const { db } = assent.house
  const [stored] = await db.select().from(triggerEvents).where(eq(triggerEvents.id, second))
  if (settled === undefined || stored === undefined || stored.seq === null) throw new Error('nothing there')
  const run = await runRow()
  const match = { wait: settled.id, branch: 0 }
  const again = { ...stored, seq: stored.seq }
  expect(await db.transaction((tx) => settleMatched(tx, [match], again))).toEqual([])
  expect(await waitRow()).toEqual(settled)
  expect(await runRow()).toEqual(run)
})

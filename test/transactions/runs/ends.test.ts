/** A run ends once, a wait is settled once: a second end or event learns how, and changes nothing. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runs, waits } from '../../../db/schema/journeys.ts'
import { triggerEvents } from '../../../db/schema/triggers.ts'
import { lockContact } from '../../../transactions/locks.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { cancelFromTemporal, cancelRun } from '../../../transactions/runs/endRun.ts'
import { settleMatched } from '../../../transactions/runs/settleMatched.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const later = () => new Date(Date.now() + 172_800_000).toISOString()

/** A run that waits for an order, as far as the database knows. */
async function waiting() {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
    ],
  })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  expect((await assent.run(run)).waitingFor).toMatchObject({ step: 'ordered', why: 'event' })
  const { db } = assent.deps
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

it('a cancelled run stays cancelled when its workflow asks what is next', async () => {
  const { run, waitRow, runRow, order } = await waiting()
  await cancelRun(assent.deps, run)
  expect((await waitRow())?.state).toBe('closed')
  const before = await runRow()
  const end = { do: 'end', state: 'cancelled', reason: 'cancelled' }
  expect(await advance(assent.deps, { run, now: later() })).toEqual(end)
  expect(await runRow()).toEqual(before)
  // Nor does an event find it waiting.
  expect((await order()).signalled).toEqual([])
  expect((await assent.run(run)).path.map((step) => [step.step, step.outcome, step.reason])).toEqual([
    ['ordered', 'cancelled', 'cancelled'],
  ])
})

it('a cancel in Temporal does not overwrite the end that came before it', async () => {
  const { run, runRow } = await waiting()
  await cancelRun(assent.deps, run)
  const before = await runRow()
  expect(await cancelFromTemporal(assent.deps, run)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  expect(await runRow()).toEqual(before)
})

it('a branch is taken once: asking again after the contact changed takes no other way', async () => {
  const journey = await publish(assent.api, {
    steps: [
      {
        id: 'which',
        type: 'branch',
        cases: [
          {
            when: 'contact.attributes.plan == "basic"',
            steps: [{ id: 'out', type: 'exit', reason: 'not for them' }],
          },
        ],
      },
      { id: 'later', type: 'wait', for: '1 day' },
    ],
  })
  const person = await putPerson(assent.api, { attributes: { plan: 'gold' } })
  const run = await startRunOf(assent.api, journey, person)
  const before = await advance(assent.deps, { run, now: new Date().toISOString() })
  expect(before).toMatchObject({ do: 'wait', what: 'later', why: 'wait' })
  await assent.api.put(`/v1/contacts/${person.externalId}`, {
    email: person.email,
    attributes: { plan: 'basic' },
  })
  expect(await advance(assent.deps, { run, now: new Date().toISOString() })).toEqual(before)
  expect((await assent.run(run)).path.map((step) => [step.step, step.outcome])).toEqual([
    ['which', 'otherwise'],
    ['later', 'waiting'],
  ])
})

it('an exit step ends the run at once, and the path gives its reason', async () => {
  const steps = [{ id: 'out', type: 'exit', reason: 'not for them' }]
  const journey = await publish(assent.api, {
    steps: [{ id: 'which', type: 'branch', cases: [{ when: 'true', steps }] }],
  })
  const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
  expect(await assent.run(run)).toMatchObject({ state: 'exited', endReason: 'exit-step', waitingFor: null })
  expect((await assent.run(run)).path.map((step) => [step.step, step.outcome, step.reason])).toEqual([
    ['which', 'case', null],
    ['out', 'exited', 'not for them'],
  ])
})

it('a wait that one event has settled is not settled by another', async () => {
  const { waitRow, runRow, order } = await waiting()
  const { event } = await order()
  const settled = await waitRow()
  expect(settled).toMatchObject({ state: 'matched', eventId: event })
  const { event: second } = await order()
  const { db } = assent.deps
  const [stored] = await db.select().from(triggerEvents).where(eq(triggerEvents.id, second))
  if (settled === undefined || stored === undefined || stored.seq === null) throw new Error('nothing there')
  const run = await runRow()
  if (run === undefined) throw new Error('there is no run')
  const match = { wait: settled.id, run: run.id, branch: 0 }
  const again = { ...stored, seq: stored.seq }
  const settling = db.transaction(async (tx) =>
    settleMatched(tx, await lockContact(tx, run.contactId), [match], again),
  )
  expect(await settling).toEqual([])
  expect(await waitRow()).toEqual(settled)
  expect(await runRow()).toEqual(run)
})

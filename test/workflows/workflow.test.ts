/** The workflow holds no state that counts: it continues as a new one, and asks anew where it got no answer. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runs } from '../../db/schema/journeys.ts'
import { installFailpoint } from '../../failpoints.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let smtp: SmtpServer
let assent: Assent
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ worker: false, smtp: smtp.url })
  await putBrand(assent.api)
  await assent.startWorker()
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

const ordered = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '1 day',
  events: [{ trigger: 'order.placed', steps: [] }],
}

it('continues as a new one when the engine suggests it, and what comes then counts', {
  timeout: 180_000,
}, async () => {
  const journey = await publish(assent.api, { steps: [ordered] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const handle = await assent.workflow(run)
  const { runId } = await until('the workflow', () => handle.describe())
  // Each is one task of the workflow, so that its history grows as it would over months.
  await until(
    'another execution',
    async () => {
      const { historyLength } = await handle.describe()
      if (historyLength < 4_096)
        await Promise.all(Array.from({ length: 16 }, () => handle.signal('nudge', { why: 'released' })))
      return (await handle.describe()).runId !== runId
    },
    { seconds: 150 },
  )
  const { raw } = await handle.describe()
  expect(raw.workflowExecutionInfo?.searchAttributes?.indexedFields).toHaveProperty('AssentJourney')
  await assent.runWaits(run, 'ordered')
  const order = { contact: { externalId: person.externalId } }
  const { signalled } = await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
  expect(signalled).toEqual([run])
  expect((await assent.runEnded(run)).path).toMatchObject([{ step: 'ordered', outcome: 'matched' }])
  expect(await handle.result()).toEqual({ state: 'completed', reason: 'end-of-steps' })
})

it('parks a run at a send whose position this version cannot read, and does not fail it', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  await assent.stopWorker()
  const run = await startRunOf(assent.api, journey, person)
  const later = sql`jsonb_set(${runs.position}, '{machineVersion}', '99')`
  await assent.deps.db.transaction((tx) => tx.update(runs).set({ position: later }).where(eq(runs.id, run)))
  await assent.startWorker()
  const parked = await until('the run to be parked', async () => {
    const [row] = await assent.deps.db.select().from(runs).where(eq(runs.id, run))
    return row?.parked === null || row?.parked === undefined ? null : row
  })
  expect(parked).toMatchObject({ parked: 'unknown-version', state: 'running', endedAt: null })
  expect(smtp.letters(person.email)).toEqual([])
  const { status } = await (await assent.workflow(run)).describe()
  expect(status.name).toBe('RUNNING')
})

it('whose calls get no answer for long sleeps and asks again; the run continues once they do', {
  timeout: 240_000,
}, async () => {
  const journey = await publish(assent.api, { steps: [ordered] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const handle = await assent.workflow(run)
  await until('the workflow', () => handle.describe())
  const remove = installFailpoint('advance:before', async () => {
    throw new Error('no database')
  })
  try {
    const order = { contact: { externalId: person.externalId } }
    await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    await until(
      'a sleep',
      async () => {
        const { events } = await handle.fetchHistory()
        const timers = events?.filter((event) => event.timerStartedEventAttributes != null) ?? []
        return timers.some(
          (event) => Number(event.timerStartedEventAttributes?.startToFireTimeout?.seconds) === 10,
        )
      },
      { seconds: 180 },
    )
  } finally {
    remove()
  }
  expect((await assent.runEnded(run)).path).toMatchObject([{ step: 'ordered', outcome: 'matched' }])
  expect(await handle.result()).toEqual({ state: 'completed', reason: 'end-of-steps' })
})

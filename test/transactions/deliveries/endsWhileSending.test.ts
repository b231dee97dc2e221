/** A run that ends while its mail is on the way, or held: the provider is heard out, and nothing else leaves. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { SmtpServer } from '../../harness/smtp.ts'
import { until } from '../../harness/until.ts'

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

it.each(['cancelled', 'exited'] as const)(
  'whose run is %s during a hand-over hears the provider out',
  async (how) => {
    const exit = [{ trigger: 'order.placed' }]
    const journey = await publish(assent.api, {
      exit,
      steps: [{ id: 'one', type: 'send', message: 'first' }, ordered],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    smtp.plan(person.email, { at: 'after-body', hold: true })
    const run = await startRunOf(assent.api, journey, person)
    await until('the mail to be with the server', async () => smtp.holds(person.email))
    const handle = await assent.workflow(run)
    if (how === 'cancelled') await handle.cancel()
    else {
      const order = { contact: { externalId: person.externalId } }
      await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    }
    expect(await assent.runEnded(run)).toMatchObject({ state: how })
    smtp.release(person.email)
    await until('the workflow to end', async () => (await handle.describe()).status.name !== 'RUNNING')
    const { status } = await handle.describe()
    expect(status.name).toBe(how === 'cancelled' ? 'CANCELLED' : 'COMPLETED')
    const ended = await assent.run(run)
    expect(ended.path).toMatchObject([{ step: 'one', outcome: 'sent' }])
    expect(smtp.letters(person.email)).toHaveLength(1)
  },
)

it('cancelled in Temporal while its mail is held: the mail is cancelled, and nothing is sent', async () => {
  const journey = await publish(assent.api, {
    steps: [{ id: 'one', type: 'send', message: 'first' }, ordered],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  smtp.plan(
    person.email,
    ...Array.from({ length: 60 }, () => ({ at: 'recipient', reply: '451 4.3.0 later' }) as const),
  )
  const run = await startRunOf(assent.api, journey, person)
  const outcome = async () => (await assent.run(run)).path[0]?.outcome
  await until('a hold', async () => (await outcome()) === 'held')
  const handle = await assent.workflow(run)
  await handle.cancel()
  expect(await assent.runEnded(run)).toMatchObject({ state: 'cancelled', endReason: 'cancelled-in-temporal' })
  await until('the workflow to end', async () => (await handle.describe()).status.name === 'CANCELLED')
  await until('the mail to be cancelled', async () => (await outcome()) === 'cancelled')
  expect(smtp.letters(person.email)).toEqual([])
})

it('cancelled in Temporal while it waits for a day: it ends at once, in the row and in Temporal', async () => {
  const journey = await publish(assent.api, { steps: [ordered] })
  const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
  const handle = await assent.workflow(run)
  await until('the timer', async () => {
    const { events } = await handle.fetchHistory()
    return events?.some((event) => event.timerStartedEventAttributes != null)
  })
  await handle.cancel()
  await until('the workflow to end', async () => (await handle.describe()).status.name === 'CANCELLED')
  expect(await assent.run(run)).toMatchObject({ state: 'cancelled', endReason: 'cancelled-in-temporal' })
})

/** Rehearsals run on the engine's skipped time: also where a message is held, and where the workflow continues as a new one. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startRun } from '../../transactions/runs/startRun.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, type Person, publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let smtp: SmtpServer
let assent: Assent
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ smtp: smtp.url })
  await putBrand(assent.api)
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

const day = 86_400_000

async function rehearse(journey: string, person: Person): Promise<string> {
  const clock = 'skipping'
  const { id } = await startRun(assent.deps, { journey, contactId: person.id, payload: {}, clock })
  assent.dispatcher.nudge()
  return id
}

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

const steps = [
  { id: 'before', type: 'wait', for: '3 days' },
  { id: 'one', type: 'send', message: 'first' },
  { id: 'after', type: 'wait', for: '3 days' },
]

it('a message that is held is tried again on the run’s own clock, and the run goes on from there', async () => {
  const person = await optedIn()
  smtp.plan(
    person.email,
    { at: 'recipient', reply: '451 4.7.1 later' },
    { at: 'recipient', reply: '451 4.7.1 later' },
  )
  const began = Date.now()
  const run = await assent.runEnded(await rehearse(await publish(assent.api, { steps }), person))
  expect(run.path.map(({ step, outcome }) => [step, outcome])).toEqual([
    ['before', 'waited'],
    ['one', 'sent'],
    ['after', 'waited'],
  ])
  expect(smtp.letters(person.email)).toHaveLength(1)
  expect(Date.parse(run.path[2]?.at ?? '') - began).toBeGreaterThanOrEqual(6 * day)
})

it('a message that is held beyond its end expires on the run’s own clock', async () => {
  const person = await optedIn()
  smtp.plan(
    person.email,
    ...Array.from({ length: 20 }, () => ({ at: 'recipient', reply: '451 4.7.1 later' }) as const),
  )
  const short = [{ id: 'one', type: 'send', message: 'first', expires: '10 minutes' }]
  const began = Date.now()
  const id = await rehearse(await publish(assent.api, { steps: short }), person)
  expect((await assent.runEnded(id)).path).toMatchObject([{ outcome: 'expired', reason: 'expired' }])
  // Ten minutes of the run's clock, not ours.
  expect(Date.now() - began).toBeLessThan(10 * 60_000)
})

it('time goes on where it was, and is skipped as before, after the workflow has continued as a new one', {
  timeout: 240_000,
}, async () => {
  const person = await optedIn()
  smtp.plan(person.email, { at: 'in-body', hold: true })
  const began = Date.now()
  const id = await rehearse(await publish(assent.api, { steps }), person)
  await until('the message to be under way', async () => smtp.holds(person.email))
  const handle = await assent.workflow(id)
  const { runId } = await handle.describe()
  // While the message is under way nothing is skipped; the history grows as it would over months.
  await until(
    'a long history',
    async () => {
      await Promise.all(Array.from({ length: 32 }, () => handle.signal('nudge', { why: 'released' })))
      return (await handle.describe()).historyLength > 4_200
    },
    { seconds: 150 },
  )
  smtp.release(person.email)
  const run = await assent.runEnded(id, 60)
  expect((await handle.describe()).runId).not.toBe(runId)
  expect(run.path.map(({ outcome }) => outcome)).toEqual(['waited', 'sent', 'waited'])
  expect(Date.parse(run.path[2]?.at ?? '') - began).toBeGreaterThanOrEqual(6 * day)
})

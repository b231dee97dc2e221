/**
 * A worker process that ends without a word (SIGKILL), at every point where it matters. Another one takes over: the run ends
 * right, no mail is there twice, and none is lost in silence.
 */
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { deliveryShape, type RunAnswer, takenShape } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { type Conduct, SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'
import { startWorkerProcess } from '../harness/workerProcess.ts'

let smtp: SmtpServer
beforeAll(async () => {
  smtp = await SmtpServer.start()
})
afterAll(() => smtp.stop())

/** The engine takes a worker for dead after 15 seconds without a sign of life; two cores run these side by side. */
const patience = { timeout: 120_000 }

/** The tests run at once, so each ends what it started by its own context. */
type Finally = TestContext['onTestFinished']

async function withoutWorker(onTestFinished: Finally): Promise<Assent> {
  const assent = await startAssent({ worker: false, smtp: smtp.url })
  onTestFinished(() => assent.stop())
  await putBrand(assent.api)
  return assent
}

async function optedIn(assent: Assent): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

const one = { id: 'one', type: 'send', message: 'first' }
const two = { id: 'two', type: 'send', message: 'receipt' }

/** Runs two mails; the worker dies with the first, and another takes over. */
async function dieWithFirstMail(
  onTestFinished: Finally,
  death: {
    /** Dies by itself at this point. */
    at?: string
    /** Is killed while the server does this. */
    held?: Conduct
    /** How the first mail stands in the path by then; `sending` unless said. */
    outcome?: string
    steps?: object[]
  },
): Promise<{ person: Person; ended: RunAnswer; first: { state: string; attempt: number } }> {
  const assent = await withoutWorker(onTestFinished)
  const journey = await publish(assent.api, { steps: death.steps ?? [one, two] })
  const person = await optedIn(assent)
  if (death.held !== undefined) smtp.plan(person.email, death.held)
  const points = death.at === undefined ? {} : { ASSENT_FAILPOINTS: `${death.at}=kill` }
  const worker = await startWorkerProcess(assent.environment, points)
  onTestFinished(() => worker.kill())
  const run = await startRunOf(assent.api, journey, person)
  if (death.held !== undefined) {
    await until('the mail to be held', async () => smtp.holds(person.email))
    await worker.kill()
  }
  expect(await worker.ended).toBe('SIGKILL')
  expect((await assent.run(run)).path[0]).toMatchObject({ step: 'one', outcome: death.outcome ?? 'claimed' })
  await assent.startWorker()
  const ended = await assent.runEnded(run, 90)
  const id = ended.path[0]?.delivery
  const first = await assent.api.ok('GET', `/v1/deliveries/${id}`, undefined, deliveryShape)
  return { person, ended, first }
}

const outcomes = (run: RunAnswer) => run.path.map((step) => [step.step, step.outcome])

describe.concurrent('a worker killed', () => {
  it(
    'while runs wait and sleep: the next one takes them on, and what came meanwhile counts',
    patience,
    async ({ onTestFinished }) => {
      const assent = await withoutWorker(onTestFinished)
      const waiting = await publish(assent.api, {
        steps: [
          one,
          {
            id: 'wait',
            type: 'waitFor',
            timeout: '1 day',
            events: [{ trigger: 'order.placed', steps: [{ id: 'two', type: 'send', message: 'receipt' }] }],
            onTimeout: [{ id: 'late', type: 'exit' }],
          },
        ],
      })
      const sleeping = await publish(assent.api, {
        steps: [{ id: 'sleep', type: 'wait', for: '6 seconds' }, two],
      })
      const person = await optedIn(assent)
      const worker = await startWorkerProcess(assent.environment)
      onTestFinished(() => worker.kill())
      const waits = await startRunOf(assent.api, waiting, person)
      await assent.runWaits(waits, 'wait')
      const sleeps = await startRunOf(assent.api, sleeping, person)
      await assent.runWaits(sleeps, 'sleep')
      await worker.kill()
      const bought = { id: 'order-1', contact: { externalId: person.externalId } }
      const { signalled } = await assent.api.ok('POST', '/v1/triggers/order.placed', bought, takenShape)
      expect(signalled).toEqual([waits])
      await assent.startWorker()
      expect(outcomes(await assent.runEnded(waits, 90))).toEqual([
        ['one', 'sent'],
        ['wait', 'matched'],
        ['two', 'sent'],
      ])
      expect(outcomes(await assent.runEnded(sleeps, 90))).toEqual([
        ['sleep', 'waited'],
        ['two', 'sent'],
      ])
      // The first mail, and a receipt from each run.
      expect(smtp.letters(person.email)).toHaveLength(3)
    },
  )

  it(
    'between claim and hand-over: nothing had flowed, so the mail is claimed anew and sent once',
    patience,
    async ({ onTestFinished }) => {
      const { person, ended, first } = await dieWithFirstMail(onTestFinished, { at: 'deliver:claimed' })
      expect(outcomes(ended)).toEqual([
        ['one', 'sent'],
        ['two', 'sent'],
      ])
      expect(first).toMatchObject({ state: 'sent', attempt: 2 })
      expect(smtp.letters(person.email)).toHaveLength(2)
      expect(smtp.bodiesBegun(person.email)).toBe(2)
    },
  )

  it(
    'after the hand-over, before the answer was recorded: unknown, and no person gets the mail twice',
    patience,
    async ({ onTestFinished }) => {
      const { person, ended, first } = await dieWithFirstMail(onTestFinished, {
        at: 'deliver:answered',
        outcome: 'handed-over',
      })
      expect(outcomes(ended)).toEqual([
        ['one', 'unknown'],
        ['two', 'sent'],
      ])
      expect(first).toMatchObject({ state: 'unknown', reason: 'no-answer', attempt: 1 })
      expect(smtp.letters(person.email)).toHaveLength(2)
      expect(smtp.bodiesBegun(person.email)).toBe(2)
    },
  )

  it(
    'after it went on into the wait, before the engine heard of it: the wait is the same one, and nothing is repeated',
    patience,
    async ({ onTestFinished }) => {
      const { person, ended, first } = await dieWithFirstMail(onTestFinished, {
        at: 'deliver:advanced',
        outcome: 'sent',
        steps: [one, { id: 'pause', type: 'wait', for: '1 second' }, two],
      })
      expect(outcomes(ended)).toEqual([
        ['one', 'sent'],
        ['pause', 'waited'],
        ['two', 'sent'],
      ])
      expect(first).toMatchObject({ state: 'sent', attempt: 1 })
      expect(smtp.letters(person.email)).toHaveLength(2)
      expect(smtp.bodiesBegun(person.email)).toBe(2)
    },
  )

  it.for([
    ['asked what is next', 'advance:before'],
    ['entered a wait', 'wait:before-enter'],
    ['wrote its new position, before the commit', 'advance:saved'],
    ['looked how its wait stands', 'wait:before-look'],
  ])(
    'as a run %s: the row says where it is, and nothing is repeated',
    patience,
    async ([, at = ''], { onTestFinished }) => {
      const { person, ended, first } = await dieWithFirstMail(onTestFinished, {
        at,
        outcome: 'sent',
        steps: [one, { id: 'pause', type: 'wait', for: '1 second' }, two],
      })
      expect(outcomes(ended)).toEqual([
        ['one', 'sent'],
        ['pause', 'waited'],
        ['two', 'sent'],
      ])
      expect(first).toMatchObject({ state: 'sent', attempt: 1 })
      expect(smtp.letters(person.email)).toHaveLength(2)
      expect(smtp.bodiesBegun(person.email)).toBe(2)
    },
  )

  it('in the middle of the body: unknown, not handed over again', patience, async ({ onTestFinished }) => {
    const { person, ended, first } = await dieWithFirstMail(onTestFinished, {
      held: { at: 'in-body', hold: true },
      outcome: 'handed-over',
    })
    expect(outcomes(ended)).toEqual([
      ['one', 'unknown'],
      ['two', 'sent'],
    ])
    expect(first).toMatchObject({ state: 'unknown', attempt: 1 })
    // Only the second mail is whole; the first began to flow once.
    expect(smtp.letters(person.email)).toHaveLength(1)
    expect(smtp.bodiesBegun(person.email)).toBe(2)
  })
})

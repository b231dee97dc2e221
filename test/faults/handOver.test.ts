/**
 * What the mail server does to a hand-over, and what comes of it: only what it explicitly said counts. What it may have is never
 * handed over again, and the run goes on whatever happened.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { installFailpoint } from '../../failpoints.ts'
import { startRun } from '../../transactions/runs/startRun.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { deliveryShape, type RunAnswer } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { type Conduct, SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let smtp: SmtpServer
let assent: Assent
/** Sends a commercial mail and goes on to a transactional one. */
let journey: string
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ smtp: smtp.url })
  await putBrand(assent.api)
  journey = await publish(assent.api, {
    reentry: 'always',
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'two', type: 'send', message: 'receipt' },
    ],
  })
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

async function runWith(...conducts: Conduct[]): Promise<{ person: Person; ended: RunAnswer }> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  smtp.plan(person.email, ...conducts)
  const ended = await assent.runEnded(await startRunOf(assent.api, journey, person))
  return { person, ended }
}

function delivery(run: RunAnswer, step: string): Promise<z.output<typeof deliveryShape>> {
  const id = run.path.find((one) => one.step === step)?.delivery
  return assent.api.ok('GET', `/v1/deliveries/${id}`, undefined, deliveryShape)
}

const subjects = (person: Person) =>
  smtp.letters(person.email).map((letter) => /^Subject: (.*)$/m.exec(letter.source)?.[1]?.trim())

const first = 'First for you'
const receipt = 'Your order'

describe.concurrent('a connection lost', () => {
  it('before the body is a hand-over that never was: it is made again, and one mail arrives', async () => {
    const { person, ended } = await runWith({ at: 'before-body', drop: true })
    expect(ended.path.map((step) => step.outcome)).toEqual(['sent', 'sent'])
    const sent = await delivery(ended, 'one')
    expect(sent).toMatchObject({ state: 'sent', providerAnswer: { code: 250 } })
    expect(sent.attempt).toBeGreaterThanOrEqual(2)
    expect(subjects(person)).toEqual([first, receipt])
  })

  it('in the body leaves the outcome unknown: the mail is not handed over again, and the run continues', async () => {
    const { person, ended } = await runWith({ at: 'in-body', drop: true })
    expect(ended.state).toBe('completed')
    expect(ended.path.map((step) => [step.outcome, step.reason])).toEqual([
      ['unknown', 'no-answer'],
      ['sent', null],
    ])
    expect(await delivery(ended, 'one')).toMatchObject({ state: 'unknown', attempt: 1 })
    expect(subjects(person)).toEqual([receipt])
    expect(smtp.bodiesBegun(person.email)).toBe(2)
  })

  it('after the final dot, the answer still to come, leaves it unknown: no person gets the mail twice', async () => {
    const { person, ended } = await runWith({ at: 'after-body', drop: true })
    expect(ended.state).toBe('completed')
    expect(ended.path.map((step) => step.outcome)).toEqual(['unknown', 'sent'])
    expect(await delivery(ended, 'one')).toMatchObject({ state: 'unknown', attempt: 1 })
    expect(subjects(person)).toEqual([first, receipt])
    expect(smtp.bodiesBegun(person.email)).toBe(2)
  })
})

describe.concurrent('a refusal for now (4xx)', () => {
  it.for([
    ['of the recipient', { at: 'recipient', reply: '451 4.3.0 later' }],
    ['of the body, before it', { at: 'data', reply: '451 4.3.0 later' }],
    ['of the whole mail', { at: 'body', reply: '452 4.3.1 full' }],
  ] satisfies [string, Conduct][])('%s is tried again, and the mail is sent once', async ([, conduct]) => {
    const { person, ended } = await runWith(conduct)
    expect(await delivery(ended, 'one')).toMatchObject({ state: 'sent', reason: null, attempt: 2 })
    expect(subjects(person)).toEqual([first, receipt])
  })

  it('that outlasts the step’s time to send ends as expired, and the run continues', async () => {
    const short = await publish(assent.api, {
      steps: [
        { id: 'one', type: 'send', message: 'first', expires: '2 seconds' },
        { id: 'two', type: 'send', message: 'receipt' },
      ],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const later: Conduct = { at: 'recipient', reply: '451 4.3.0 later' }
    smtp.plan(person.email, later, later)
    const run = await startRunOf(assent.api, short, person)
    const ended = await assent.runEnded(run)
    expect(ended.path[0]).toMatchObject({ step: 'one', outcome: 'expired' })
    expect(ended.path[1]).toMatchObject({ step: 'two', outcome: 'sent' })
    expect(subjects(person)).toEqual([receipt])
  })
})

it('a delivery that takes long, or goes on for long, shows the engine that it is alive', async ({
  onTestFinished,
}) => {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const { promise: seen, resolve: go } = Promise.withResolvers<void>()
  const remove = installFailpoint('deliver:advanced', () => seen)
  onTestFinished(() => {
    remove()
    go()
  })
  const run = await startRunOf(assent.api, journey, person)
  await until('a sign of life', async () => {
    const { raw } = await (await assent.workflow(run)).describe()
    return raw.pendingActivities?.some((activity) => activity.lastHeartbeatTime != null) ?? false
  })
  go()
  expect((await assent.runEnded(run)).path.map((step) => step.outcome)).toEqual(['sent', 'sent'])
})

it('a wait after a message that was held back begins when the message has left', async () => {
  const waiting = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'pause', type: 'wait', for: '1 hour' },
    ],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  smtp.plan(person.email, { at: 'recipient', reply: '451 4.3.0 later' })
  const run = await assent.runWaits(await startRunOf(assent.api, waiting, person), 'pause')
  const sent = await delivery(run, 'one')
  expect(sent).toMatchObject({ state: 'sent', attempt: 2 })
  const entered = Date.parse(run.waitingFor?.until ?? '') - 3_600_000
  expect(entered).toBeGreaterThanOrEqual(Date.parse(sent.settledAt ?? ''))
})

it('so it does on skipped time, where the pauses between the attempts are skipped as well', async () => {
  const waiting = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'pause', type: 'wait', for: '1 hour' },
    ],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const later: Conduct = { at: 'recipient', reply: '451 4.3.0 later' }
  smtp.plan(person.email, later, later)
  const asked = { journey: waiting, contactId: person.id, payload: {}, clock: 'skipping' as const }
  const { id } = await startRun(assent.deps, asked)
  assent.dispatcher.nudge()
  const { path } = await assent.runEnded(id)
  expect(path.map((step) => step.outcome)).toEqual(['sent', 'waited'])
  // The engine pauses for one second, then for two.
  const [one, pause] = path.map((step) => Date.parse(step.at))
  expect((pause ?? 0) - (one ?? 0)).toBeGreaterThanOrEqual(3_603_000)
})

describe.concurrent('a refusal for good (5xx)', () => {
  it.for([
    ['of the recipient', { at: 'recipient', reply: '550 5.7.1 not from you' }],
    ['of the whole mail', { at: 'body', reply: '554 5.6.0 not such a mail' }],
  ] satisfies [string, Conduct][])(
    '%s fails the delivery; it is not tried again, the run goes on',
    async ([, conduct]) => {
      const { person, ended } = await runWith(conduct)
      expect(ended.state).toBe('completed')
      expect(ended.path.map((step) => [step.outcome, step.reason])).toEqual([
        ['failed', 'refused'],
        ['sent', null],
      ])
      expect(await delivery(ended, 'one')).toMatchObject({ state: 'failed', attempt: 1 })
      // A policy's refusal says nothing about the address: the second mail was sent to it.
      expect(subjects(person)).toEqual([receipt])
    },
  )

  it('that says the mailbox does not exist (5.1.1) suppresses the address, and is a bounce that moves the run', async () => {
    const bouncing = await publish(assent.api, {
      steps: [
        { id: 'one', type: 'send', message: 'first' },
        {
          id: 'bounced',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ bounced: 'one', steps: [{ id: 'two', type: 'send', message: 'receipt' }] }],
        },
      ],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    smtp.plan(person.email, { at: 'recipient', reply: `550 5.1.1 <${person.email}>: no such user` })
    const ended = await assent.runEnded(await startRunOf(assent.api, bouncing, person))
    expect(ended.path.map((step) => [step.step, step.outcome, step.reason])).toEqual([
      ['one', 'failed', 'refused'],
      ['bounced', 'matched', 'message.bounced'],
      ['two', 'blocked', 'suppressed-hard-bounced'],
    ])
    const failed = await delivery(ended, 'one')
    expect(failed).toMatchObject({
      attempt: 1,
      providerAnswer: { code: 550, enhanced: '5.1.1', stage: 'recipient' },
    })
    expect(JSON.stringify(failed.providerAnswer)).not.toContain(person.email)
    expect(smtp.bodiesBegun(person.email)).toBe(0)
  })
})

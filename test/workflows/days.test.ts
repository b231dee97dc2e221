/** Days pass in seconds: the engine skips its own time; the product knows nothing of it but that runs have a clock of their own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advance } from '../../transactions/runs/advance.ts'
import { startRun } from '../../transactions/runs/startRun.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { commercial, optIn, optOut, type Person, publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { mailsTo } from '../harness/mailbox.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
  await assent.api.put('/v1/messages/untracked', commercial('Untracked', { tracking: false }))
})
afterAll(() => assent.stop())

const day = 86_400_000

async function skipping(journey: string, person: Person): Promise<string> {
  const { id } = await startRun(assent.deps, {
    journey,
    contactId: person.id,
    payload: {},
    clock: 'skipping',
  })
  assent.dispatcher.nudge()
  return id
}

function opened(message: string, more: Record<string, unknown> = {}) {
  return {
    steps: [
      { id: 'one', type: 'send', message },
      {
        id: 'opened',
        type: 'waitFor',
        timeout: '3 days',
        events: [{ opened: 'one', steps: [] }],
        onTimeout: [{ id: 'again', type: 'send', message: 'second' }],
        ...more,
      },
    ],
  }
}

describe('not opened within 3 days', () => {
  it('sends again', async () => {
    const journey = await publish(assent.api, opened('first'))
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const began = Date.now()
    const run = await assent.runEnded(await skipping(journey, person))
    expect(run.path.map((step) => [step.step, step.outcome])).toEqual([
      ['one', 'sent'],
      ['opened', 'timed-out'],
      ['again', 'sent'],
    ])
    expect((await mailsTo(person.email)).map((mail) => mail.subject)).toEqual([
      'First for you',
      'Second for you',
    ])
    const [, timedOut] = run.path
    expect(Date.parse(timedOut?.at ?? '') - began).toBeGreaterThanOrEqual(3 * day)
  })

  it('counts each wait from the run’s own moment, also the one after a message that left on skipped time', async () => {
    const journey = await publish(assent.api, {
      steps: [
        { id: 'three', type: 'wait', for: '3 days' },
        { id: 'one', type: 'send', message: 'first' },
        { id: 'two', type: 'wait', for: '2 days' },
        { id: 'again', type: 'send', message: 'second' },
      ],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await assent.runEnded(await skipping(journey, person))
    const [three, , two] = run.path
    expect(run.path.map((step) => step.outcome)).toEqual(['waited', 'sent', 'waited', 'sent'])
    expect(Date.parse(two?.at ?? '') - Date.parse(three?.at ?? '')).toBeGreaterThanOrEqual(2 * day)
  })

  it('does not mail a person again who refused tracking before the send', async () => {
    const journey = await publish(assent.api, opened('first'))
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await optOut(assent.api, person.email, 'statistics')
    const run = await assent.runEnded(await skipping(journey, person))
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'untracked'])
    expect(await mailsTo(person.email)).toHaveLength(1)
  })

  it('does not mail a person again whose message has tracking: false', async () => {
    const journey = await publish(assent.api, opened('untracked'))
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await assent.runEnded(await skipping(journey, person))
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'untracked'])
  })

  it('does not mail a person again whose first mail was blocked', async () => {
    const journey = await publish(assent.api, opened('first'))
    const person = await putPerson(assent.api)
    const run = await assent.runEnded(await skipping(journey, person))
    expect(run.path.map((step) => step.outcome)).toEqual(['blocked', 'untracked'])
  })

  it('runs onUntracked where it is given', async () => {
    const onUntracked = [{ id: 'note', type: 'send', message: 'receipt' }]
    const journey = await publish(assent.api, opened('untracked', { onUntracked }))
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await assent.runEnded(await skipping(journey, person))
    expect(run.path.map((step) => [step.step, step.outcome])).toEqual([
      ['one', 'sent'],
      ['opened', 'untracked'],
      ['note', 'sent'],
    ])
  })
})

it('does not mail a person again who withdrew tracking after the send', async () => {
  // The withdrawal must come between send and timeout: on the engine's own time, with the timer cut short by settling late.
  const journey = await publish(assent.api, opened('first'))
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const { id } = await startRun(assent.deps, { journey, contactId: person.id, payload: {} })
  assent.dispatcher.nudge()
  await assent.runWaits(id, 'opened')
  await optOut(assent.api, person.email, 'statistics')
  await advance(assent.deps, { run: id, now: new Date(Date.now() + 4 * day).toISOString() })
  const { path } = await assent.run(id)
  expect(path.find(({ step }) => step === 'opened')).toMatchObject({ outcome: 'untracked' })
})

it('waits for a time of day in the contact’s zone, an instant, and an instant from the payload; a past one goes on', async () => {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'past', type: 'wait', until: '2020-01-01T00:00:00Z' },
      {
        id: 'morning',
        type: 'wait',
        until: { time: '09:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'], zone: 'contact' },
      },
      { id: 'week', type: 'wait', for: '7 days' },
      { id: 'due', type: 'wait', until: 'now + duration("48h")' },
    ],
  })
  const person = await putPerson(assent.api, { timeZone: 'Europe/Vienna' })
  const run = await assent.runEnded(await skipping(journey, person))
  const at = new Map(run.path.map((step) => [step.step, step.at]))
  const morning = new Date(at.get('morning') ?? '')
  const vienna = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Vienna',
    hour: '2-digit',
    minute: '2-digit',
  })
  expect(vienna.format(morning)).toBe('09:00')
  expect(Date.parse(at.get('week') ?? '') - morning.getTime()).toBeGreaterThanOrEqual(7 * day)
  expect(Date.parse(at.get('due') ?? '') - Date.parse(at.get('week') ?? '')).toBeGreaterThanOrEqual(2 * day)
})

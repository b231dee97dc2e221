/** An operator can read a run in the Temporal UI: ids, summaries, signals and current details say what happens. */
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import type proto from '@temporalio/proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf, takenShape } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../harness/mailbox.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let assent: Assent
let smtp: SmtpServer
let held: Assent
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent()
  held = await startAssent({ smtp: smtp.url })
  await putBrand(assent.api)
  await putBrand(held.api)
})
afterAll(async () => {
  await held.stop()
  await assent.stop()
  await smtp.stop()
})

type Event = proto.temporal.api.history.v1.IHistoryEvent

async function eventsOf(of: Assent, id: string): Promise<Event[]> {
  return (await (await of.workflow(id)).fetchHistory()).events ?? []
}

const decoded = (payload: Payload | null | undefined): unknown =>
  payload == null ? null : defaultPayloadConverter.fromPayload(payload)

/** The summaries in a history, in its order. */
async function summariesOf(of: Assent, id: string): Promise<unknown[]> {
  const events = await eventsOf(of, id)
  return events.flatMap((event) => decoded(event.userMetadata?.summary) ?? [])
}

async function signalsOf(of: Assent, id: string): Promise<{ name: unknown; said: unknown }[]> {
  return (await eventsOf(of, id)).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal == null ? [] : [{ name: signal.signalName, said: decoded(signal.input?.payloads?.[0]) }],
  )
}

/** What the UI shows as current details, once it contains the words. */
async function details(of: Assent, id: string, words: string): Promise<string> {
  const handle = await of.workflow(id)
  return until(`the details "${words}"`, async () => {
    const answer = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
    return answer.currentDetails?.includes(words) ? answer.currentDetails : null
  })
}

async function optedIn(of: Assent): Promise<Person> {
  const person = await putPerson(of.api)
  await optIn(of.api, person.email, 'marketing', 'newsletter')
  return person
}

const ordered = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '3 days',
  events: [{ trigger: 'order.placed', steps: [] }],
}

describe('a run', () => {
  it('has a workflow named by its journey, and the API answers the name', async () => {
    const journey = await publish(assent.api, { steps: [ordered] })
    const person = await putPerson(assent.api)
    const body = { contact: { externalId: person.externalId } }
    const started = await assent.api.ok('POST', `/v1/journeys/${journey}/runs`, body, idOf)
    const workflowId = `${journey}:${started.id}`
    expect(started).toMatchObject({ workflowId })
    expect(await assent.runWaits(started.id, 'ordered')).toMatchObject({ workflowId })
    const description = await assent.client.workflow.getHandle(workflowId).describe()
    expect(description.type).toBe('journey')
  })

  it('says at each activity, timer and signal what it is for', async () => {
    const send = { id: 'remind', type: 'send', message: 'first' }
    const journey = await publish(assent.api, { steps: [send, ordered] })
    const person = await optedIn(assent)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    expect(await details(assent, id, 'waiting')).toContain('waiting at step `ordered` until')
    const contact = { externalId: person.externalId }
    const { event } = await assent.api.ok('POST', '/v1/triggers/order.placed', { contact }, takenShape)
    await assent.workflowResult(id)
    expect(await summariesOf(assent, id)).toEqual([
      `${journey} version 1`,
      'consent for remind',
      'send remind',
      expect.stringMatching(/^wait ordered, until 20/),
      'advance after ordered',
      // Of the timer once more: it is cancelled.
      expect.stringMatching(/^wait ordered, until 20/),
    ])
    expect(await signalsOf(assent, id)).toEqual([
      { name: 'nudge', said: { why: 'trigger', trigger: 'order.placed', event } },
    ])
    expect(await details(assent, id, 'ended')).toContain('ended: completed (end-of-steps)')
  })

  it.each([
    ['exit', { why: 'exit', trigger: 'order.placed' }],
    ['cancelled', { why: 'cancelled' }],
  ])('is told that it ended by %s', async (how, said) => {
    const pause = { id: 'pause', type: 'wait', for: '1 hour' }
    const journey = await publish(assent.api, { exit: [{ trigger: 'order.placed' }], steps: [pause] })
    const person = await putPerson(assent.api)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    const contact = { externalId: person.externalId }
    if (how === 'exit') await assent.api.call('POST', '/v1/triggers/order.placed', { contact })
    else await assent.api.call('POST', `/v1/runs/${id}/cancel`)
    await assent.workflowResult(id)
    expect(await signalsOf(assent, id)).toMatchObject([{ name: 'nudge', said }])
  })

  it('says while a message is held that it is, why, and until when', async () => {
    const person = await optedIn(held)
    const refusal = { at: 'recipient', reply: '451 4.7.1 greylisted' } as const
    smtp.plan(person.email, refusal, refusal, refusal)
    const journey = await publish(held.api, { steps: [{ id: 'remind', type: 'send', message: 'first' }] })
    const id = await startRunOf(held.api, journey, person)
    expect(await details(held, id, 'held')).toContain(
      'held at step `remind`: refused-for-now (451 4.7.1 recipient)',
    )
    await held.workflowResult(id)
    expect((await held.run(id)).path).toMatchObject([{ step: 'remind', outcome: 'sent' }])
    expect(await summariesOf(held, id)).toContainEqual(expect.stringMatching(/^held remind, until 20/))
    // The consent activity is asked before each attempt.
    const asked = (await summariesOf(held, id)).filter((summary) => summary === 'consent for remind')
    expect(asked).toHaveLength(4)
  })
})

describe('a double opt-in', () => {
  it('has a workflow named by its profile, and says what each of its steps is for', async () => {
    const person = await putPerson(assent.api)
    const asked = {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'footer form',
    }
    const answer = await assent.api.ok('POST', '/v1/double-opt-ins', asked, idOf)
    const workflowId = `double-opt-in:default:${answer.id}`
    expect(answer).toMatchObject({ workflowId })
    const { body } = await assent.api.call('GET', `/v1/double-opt-ins/${answer.id}`)
    expect(body).toMatchObject({ workflowId })
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    expect(await details(assent, answer.id, 'waiting')).toContain('waiting for the confirmation until')
    await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
    expect(await assent.workflowResult(answer.id)).toMatchObject({ state: 'confirmed' })
    expect(await summariesOf(assent, answer.id)).toEqual([
      'double opt-in, profile default',
      'consent for mail 1',
      'send mail 1',
      expect.stringMatching(/^wait for the confirmation, until 20/),
      'advance after confirmation',
      expect.stringMatching(/^wait for the confirmation, until 20/),
    ])
    expect(await signalsOf(assent, answer.id)).toEqual([{ name: 'nudge', said: { why: 'confirmed' } }])
  })

  it('says while its mail is held that it is, and why', async () => {
    const person = await putPerson(held.api)
    const refusal = { at: 'recipient', reply: '451 4.7.1 greylisted' } as const
    smtp.plan(person.email, refusal, refusal)
    const asked = {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'footer form',
    }
    const { id } = await held.api.ok('POST', '/v1/double-opt-ins', asked, idOf)
    expect(await details(held, id, 'held')).toContain('held mail 1: refused-for-now (451 4.7.1 recipient)')
    expect(await details(held, id, 'waiting')).toContain('waiting for the confirmation until')
  })
})

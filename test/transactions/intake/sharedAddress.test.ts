/** An address that several contacts share: what happens to it is heard by all of them, and starts a journey for one. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../../api/problems.ts'
import { newId } from '../../../db/ids.ts'
import { findContactPoint } from '../../../db/reads/contactPoint.ts'
import { outbox } from '../../../db/schema/triggers.ts'
import { takeOwnEvent } from '../../../transactions/intake/takeOwnEvent.ts'
import { sweepBatch } from '../../../transactions/retention/sweepBatch.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { type Person, personal, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { linkIn, mailsArrived, mailsTo } from '../../harness/mailbox.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const runs = z.object({ items: z.array(z.looseObject({ id: z.string(), state: z.string() })) })
const runsOf = async (journey: string, person: Person) =>
  (await assent.api.ok('GET', `/v1/runs?journey=${journey}&contact=${person.externalId}`, undefined, runs))
    .items

/** Three contacts of one address, the oldest first. */
async function family(): Promise<{ email: string; members: [Person, Person, Person] }> {
  const email = `family-${randomBytes(6).toString('hex')}@example.com`
  personal(email)
  const [first, second, third] = [
    await putPerson(assent.api, { email }),
    await putPerson(assent.api, { email }),
    await putPerson(assent.api, { email }),
  ]
  return { email, members: [first, second, third] }
}

const untilTold = () =>
  until('an empty outbox', async () => (await assent.deps.db.select().from(outbox)).length === 0)

describe('one confirmation', () => {
  it('starts one welcome, for the oldest contact, while the waits and exits of the others are met', async () => {
    const { email, members } = await family()
    const [oldest, waiting, exiting] = members
    const waits = await publish(assent.api, {
      steps: [
        {
          id: 'yes',
          type: 'waitFor',
          timeout: '3 days',
          events: [{ trigger: 'double-opt-in.confirmed', steps: [] }],
        },
      ],
    })
    const exits = await publish(assent.api, {
      exit: [{ trigger: 'double-opt-in.confirmed' }],
      steps: [{ id: 'pause', type: 'wait', for: '3 days' }],
    })
    const waitingRun = await startRunOf(assent.api, waits, waiting)
    const exitingRun = await startRunOf(assent.api, exits, exiting)
    await assent.runWaits(waitingRun, 'yes')
    await assent.runWaits(exitingRun, 'pause')
    const welcome = await publish(assent.api, {
      entry: { trigger: 'double-opt-in.confirmed' },
      reentry: 'always',
      steps: [{ id: 'welcome', type: 'send', message: 'receipt' }],
    })

    const contactPoint = { channel: 'email', address: email }
    const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
    await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
    const [mail] = await mailsArrived(email, 1)
    if (mail === undefined) throw new Error('no mail')
    await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })

    expect((await assent.runEnded(waitingRun)).state).toBe('completed')
    expect((await assent.runEnded(exitingRun)).state).toBe('exited')
    await untilTold()
    const started = await Promise.all(members.map((member) => runsOf(welcome, member)))
    expect(started.map((items) => items.length)).toEqual([1, 0, 0])
    await assent.runEnded(started[0]?.[0]?.id ?? '')
    const welcomes = (await mailsTo(email)).filter((one) => one.subject?.startsWith('Your order'))
    expect(welcomes).toHaveLength(1)
    expect(oldest.id < waiting.id).toBe(true)
  })

  it('starts it for the contact whose message led to it, where there is one', async () => {
    const { email, members } = await family()
    const [, second] = members
    const sends = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'receipt' }] })
    const run = await startRunOf(assent.api, sends, second)
    const delivery = (await assent.runEnded(run)).path[0]?.delivery ?? ''
    const journey = await publish(assent.api, {
      entry: { trigger: 'consent.withdrawn' },
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
    await takeOwnEvent(assent.deps, {
      name: 'consent.withdrawn',
      senderEvent: newId(),
      contactPoint: await findContactPoint(assent.deps.db, 'email', email),
      contact: null,
      delivery,
      payload: {},
      occurredAt: new Date().toISOString(),
    })
    const started = await Promise.all(members.map((member) => runsOf(journey, member)))
    expect(started.map((items) => items.length)).toEqual([0, 1, 0])
  })
})

describe('a double opt-in that one of them asks for', () => {
  const grants = [{ purpose: 'marketing', topic: 'newsletter' }]

  it.each(['double-opt-in.confirmed', 'consent.granted'])(
    'starts the journey by %s for that one',
    async (trigger) => {
      const { email, members } = await family()
      const [, , third] = members
      const journey = await publish(assent.api, {
        entry: { trigger },
        steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
      })
      const contactPoint = { channel: 'email', address: email }
      const contact = { externalId: third.externalId }
      await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants, contact }, idOf)
      const [mail] = await mailsArrived(email, 1)
      if (mail === undefined) throw new Error('no mail')
      await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
      await until('the journey', async () => (await runsOf(journey, third)).length > 0)
      await untilTold()
      const started = await Promise.all(members.map((member) => runsOf(journey, member)))
      expect(started.map((items) => items.length)).toEqual([0, 0, 1])
    },
  )

  it('is refused for a contact that does not have the address', async () => {
    const { email } = await family()
    const other = await putPerson(assent.api)
    const contactPoint = { channel: 'email', address: email }
    for (const externalId of [other.externalId, 'nobody-at-all']) {
      const body = { contactPoint, grants, contact: { externalId } }
      const reply = await assent.api.call('POST', '/v1/double-opt-ins', body)
      expect(reply.status).toBe(422)
      expect(problemShape.parse(reply.body)).toMatchObject({
        code: 'contact-without-this-address',
        errors: [{ pointer: '/contact/externalId' }],
      })
    }
  })
})

it('delivered again after the address has moved, it starts nothing more', async () => {
  const { email, members } = await family()
  const [oldest, second] = members
  const journey = await publish(assent.api, {
    entry: { trigger: 'double-opt-in.confirmed' },
    reentry: 'always',
    steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
  })
  const event = {
    name: 'double-opt-in.confirmed',
    senderEvent: newId(),
    contactPoint: await findContactPoint(assent.deps.db, 'email', email),
    contact: null,
    delivery: null,
    payload: {},
    occurredAt: new Date().toISOString(),
  }
  await takeOwnEvent(assent.deps, event)
  await assent.api.put(`/v1/contacts/${oldest.externalId}`, {})
  await takeOwnEvent(assent.deps, event)
  expect(await runsOf(journey, oldest)).toHaveLength(1)
  expect(await runsOf(journey, second)).toHaveLength(0)
})

it('delivered again after the event was deleted, it counts for no contact a second time', async () => {
  const { email, members } = await family()
  const [oldest, second] = members
  const waiting = await publish(assent.api, {
    steps: [
      {
        id: 'yes',
        type: 'waitFor',
        timeout: '3 days',
        events: [{ trigger: 'double-opt-in.confirmed', steps: [] }],
      },
    ],
  })
  const event = {
    name: 'double-opt-in.confirmed',
    senderEvent: newId(),
    contactPoint: await findContactPoint(assent.deps.db, 'email', email),
    contact: null,
    delivery: null,
    payload: {},
    occurredAt: new Date().toISOString(),
  }
  await takeOwnEvent(assent.deps, event)
  await sweepBatch(assent.deps.db, 'trigger-events', { days: -1 })
  const late = [await startRunOf(assent.api, waiting, oldest), await startRunOf(assent.api, waiting, second)]
  for (const run of late) await assent.runWaits(run, 'yes')
  await takeOwnEvent(assent.deps, event)
  for (const run of late) expect((await assent.run(run)).state).toBe('waiting')
})

/**
 * Faults of a send. What is wrong with our environment holds the message, says why, and is tried again. What is wrong with the message
 * fails it. The split is made by the class of what is thrown, for every kind of message: journeys, double opt-ins, test mails.
 */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { prepareDelivery } from '../../activities/prepare.ts'
import { ChannelUnavailable } from '../../channels/channel.ts'
import { ComposeError } from '../../channels/email/compose.ts'
import { DkimKeyError } from '../../channels/email/dkimKeys.ts'
import { HeaderError } from '../../channels/email/headers.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { testMails } from '../../db/schema/testMails.ts'
import { type Fault, RenderingStopped } from '../../domain/delivery/faults.ts'
import { JobFailed, JobStopped } from '../../threads/pool.ts'
import { readDraft } from '../../transactions/deliveries/origin.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf } from '../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { RecordingChannel } from '../harness/recordingChannel.ts'
import { until } from '../harness/until.ts'

const channel = new RecordingChannel({ idempotent: false })
let assent: Assent
let journey = ''
beforeAll(async () => {
  assent = await startAssent({ channels: () => channel.registry() })
  await putBrand(assent.api)
  journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'receipt' }] })
})
afterAll(() => assent.stop())

type Place = 'prepare' | 'acquire'
const environment: [Fault, Place][] = [
  [new DkimKeyError('not-found'), 'prepare'],
  [new DkimKeyError('unreadable'), 'prepare'],
  [new DkimKeyError('cannot-sign'), 'prepare'],
  [new ChannelUnavailable('connection-failed', 'x'), 'acquire'],
  [new ChannelUnavailable('authentication-failed', 'x'), 'acquire'],
  [new ChannelUnavailable('tls-failed', 'x'), 'acquire'],
  [new ChannelUnavailable('timed-out', 'x'), 'acquire'],
  [new ChannelUnavailable('not-set-up', 'x'), 'acquire'],
]
const message: Fault[] = [
  new ComposeError('bad-address', 'x'),
  new ComposeError('bad-header', 'x'),
  new ComposeError('unexpected', 'x'),
  new HeaderError('no-sender-domain', 'x'),
]

async function deliveryOf(run: string) {
  const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.runId, run))
  return row
}

describe('a fault of the environment', () => {
  it.each(environment)('%s holds the message, which leaves once it is mended', async (fault, at) => {
    const person = await putPerson(assent.api)
    channel.plan(person.email, { at, fault })
    const run = await startRunOf(assent.api, journey, person)
    const held = await until('a held delivery', async () => {
      const row = await deliveryOf(run)
      return row?.state === 'held' ? row : null
    })
    expect(held).toMatchObject({ reason: fault.reason, holds: 1, attempt: 0, handedOverAt: null })
    await assent.runEnded(run)
    expect(await deliveryOf(run)).toMatchObject({ state: 'sent', attempt: 1 })
  })

  it('holds a mail of a double opt-in', async () => {
    const person = await putPerson(assent.api)
    channel.plan(person.email, { at: 'acquire', fault: new ChannelUnavailable('tls-failed', 'x') })
    const row = await confirmationOf(person, 'sent')
    expect(row).toMatchObject({ holds: 1, attempt: 1 })
  })

  it('puts a test mail back into its queue', async () => {
    const { to, settled } = await testMail({ at: 'prepare', fault: new DkimKeyError('not-found') })
    expect(await settled()).toMatchObject({ state: 'sent', attempt: 2 })
    expect(channel.received.filter((one) => one.to === to)).toHaveLength(1)
  })
})

describe('a fault of the message', () => {
  it.each(message)('%s fails it at once, and the run continues', async (fault) => {
    const person = await putPerson(assent.api)
    channel.plan(person.email, { at: 'prepare', fault })
    const run = await startRunOf(assent.api, journey, person)
    expect((await assent.runEnded(run)).state).toBe('completed')
    const failed = { state: 'failed', reason: fault.reason, holds: 0, attempt: 0 }
    expect(await deliveryOf(run)).toMatchObject(failed)
    expect(channel.received.filter((one) => one.to === person.email)).toEqual([])
  })

  it.each([
    ['throws', 'Text {{ trigger.rate | url_decode }}', { rate: '100%' }, 'template-error: text'],
    [
      'grows too large',
      'Text {% for i in (1..600) %}{{ trigger.block }}{% endfor %}',
      { block: 'x'.repeat(1_000) },
      'template-limit: text',
    ],
    [
      'renders nothing',
      '{% unless trigger.blank %}Text{% endunless %}',
      { blank: true },
      'cannot-render: text: renders-empty',
    ],
  ])('a template that %s fails it', async (name, text, payload, reason) => {
    const key = name.replaceAll(' ', '-')
    await assent.api.put(`/v1/messages/${key}`, { channel: 'email', purpose: 'service', subject: 'x', text })
    const templated = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: key }] })
    const run = await startRunOf(assent.api, templated, await putPerson(assent.api), payload)
    await assent.runEnded(run)
    expect(await deliveryOf(run)).toMatchObject({ state: 'failed', reason, attempt: 0, holds: 0 })
  })

  it('a refusal for good fails it, and one for now does not', async () => {
    const person = await putPerson(assent.api)
    const refused = (permanent: boolean) =>
      ({ kind: 'refused', permanent, answer: { status: 'no', text: 'no' } }) as const
    channel.plan(
      person.email,
      { at: 'hand-over', outcome: refused(false) },
      { at: 'answer', outcome: refused(true) },
    )
    const run = await startRunOf(assent.api, journey, person)
    await assent.runEnded(run)
    expect(await deliveryOf(run)).toMatchObject({ state: 'failed', reason: 'refused', attempt: 2, holds: 1 })
  })

  it('fails a mail of a double opt-in', async () => {
    const person = await putPerson(assent.api)
    channel.plan(person.email, { at: 'prepare', fault: new ComposeError('bad-header', 'x') })
    expect(await confirmationOf(person, 'failed')).toMatchObject({ reason: 'cannot-compose: bad-header' })
  })

  it('fails a test mail', async () => {
    const { settled } = await testMail({ at: 'prepare', fault: new ComposeError('bad-header', 'x') })
    expect(await settled()).toMatchObject({
      state: 'failed',
      reason: 'cannot-compose: bad-header',
      attempt: 1,
    })
  })
})

describe('rendering in a thread', () => {
  /** What preparing a delivery comes to, if its job in a thread ends like this. */
  const render = async (threads: { run(): Promise<unknown> }) => {
    const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
    await assent.runEnded(run)
    const delivery = (await deliveryOf(run))?.id ?? ''
    const draft = await readDraft(assent.deps, assent.deps.db, { kind: 'run', run, delivery })
    const deps = { ...assent.deps, threads: Object.assign(Object.create(assent.deps.threads), threads) }
    return prepareDelivery({ ...assent.means, deps }, draft.assessment, draft.content).then(
      () => null,
      (error: unknown) => error,
    )
  }
  const throwing = (error: Error) => ({
    run: async () => {
      throw error
    },
  })

  it.each(['deadline', 'memory'] as const)(
    'that is stopped for %s may be the fault of either',
    async (code) => {
      expect(await render(throwing(new JobStopped(code)))).toEqual(
        new RenderingStopped(`rendering-too-costly: ${code}`),
      )
    },
  )

  it.each(['busy', 'closed'] as const)(
    'that finds the threads %s is a fault of the environment',
    async (code) => {
      const fault = await render(throwing(new JobStopped(code)))
      expect(fault).toMatchObject({ name: 'EnvironmentFault', reason: `rendering-${code}` })
    },
  )

  it('that throws is a fault of the message', async () => {
    const fault = await render(throwing(new JobFailed('TypeError', 'x')))
    expect(fault).toMatchObject({ name: 'MessageFault', reason: 'cannot-render: unexpected' })
  })

  it('anything else is no fault of either, and is passed on', async () => {
    expect(await render(throwing(new TypeError('a bug')))).toEqual(new TypeError('a bug'))
  })
})

/** The first mail of a request, once it is in this state. */
async function confirmationOf(person: Person, state: 'sent' | 'failed') {
  const { id } = await assent.api.ok(
    'POST',
    '/v1/double-opt-ins',
    {
      contactPoint: { channel: 'email', address: person.email },
      profile: 'default',
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'ticked the box of the sign-up form',
    },
    idOf,
  )
  return until(`its mail ${state}`, async () => {
    const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.doubleOptIn, id))
    return row?.state === state ? row : null
  })
}

async function testMail(conduct: Parameters<RecordingChannel['plan']>[1]) {
  const to = `colleague-${crypto.randomUUID()}@example.org`
  channel.plan(to, conduct)
  const { id } = await assent.api.ok(
    'POST',
    '/v1/messages/receipt/test',
    { to, payload: { order: '1' } },
    z.object({ id: z.uuid() }),
  )
  const settled = () =>
    until('the test mail to be settled', async () => {
      const [row] = await assent.deps.db.select().from(testMails).where(eq(testMails.id, id))
      return row?.settledAt == null ? null : row
    })
  return { to, settled }
}

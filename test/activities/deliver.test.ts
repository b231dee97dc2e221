/**
 * The steps of a send, on any channel: prepare, acquire, claim, hand over. An idempotent channel repeats a hand-over that got no answer;
 * any other never does. Driven through the real workflow with a channel of the tests' own.
 */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ChannelUnavailable } from '../../channels/channel.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { installFailpoint } from '../../failpoints.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything } from '../harness/client.ts'
import { optIn, optOut, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { type Conduct, RecordingChannel } from '../harness/recordingChannel.ts'
import { until } from '../harness/until.ts'
import { textsOf } from '../setup/scan-histories.ts'

const removing: (() => void)[] = []
afterEach(() => {
  for (const remove of removing.splice(0)) remove()
})

/** An Assent whose only channel is this one. */
function withChannel(options: { idempotent: boolean }) {
  const channel = new RecordingChannel(options)
  let assent: Assent
  let journey = ''
  beforeAll(async () => {
    assent = await startAssent({ channels: () => channel.registry() })
    await putBrand(assent.api)
    channel.look = async (id) => (await rowOf(id))?.state ?? 'no row'
    journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  })
  afterAll(() => assent.stop())

  async function rowOf(id: string) {
    const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.id, id))
    return row
  }

  /** Starts a run whose attempts go as planned. */
  async function start(conducts: Conduct[], key = journey): Promise<{ person: Person; run: string }> {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    channel.plan(person.email, ...conducts)
    return { person, run: await startRunOf(assent.api, key, person) }
  }

  /** The delivery of a run, once `look` is content with it. */
  function delivery(run: string, look: (row: typeof deliveries.$inferSelect) => boolean) {
    return until('the delivery', async () => {
      const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.runId, run))
      return row !== undefined && look(row) ? row : null
    })
  }

  async function ended(run: string) {
    await assent.runEnded(run)
    return delivery(run, () => true)
  }

  return { channel, start, delivery, ended, rowOf, assent: () => assent }
}

const silent: Conduct = { at: 'answer', taken: true }
const dropped: Conduct = { at: 'answer', taken: false }

describe('a channel whose provider takes no idempotency key', () => {
  const { channel, start, ended, assent } = withChannel({ idempotent: false })

  it('prepares and acquires before there is a claim, and commits the hand-over before the body', async () => {
    const { run } = await start([])
    const row = await ended(run)
    expect(channel.steps(row.id)).toEqual([
      ['prepare', 'no row'],
      ['acquire', 'no row'],
      ['hand-over', 'claimed'],
      ['body', 'handed-over'],
    ])
    expect(row).toMatchObject({
      state: 'sent',
      attempt: 1,
      providerId: `recorded:${row.id}`,
      providerAnswer: { status: 'queued', text: 'taken' },
    })
  })

  it('never repeats what the provider may have', async () => {
    const { run } = await start([silent])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'unknown', reason: 'no-answer', attempt: 1, heldUntil: null })
    expect(channel.bodies(row.id)).toBe(1)
    expect(channel.received.filter(({ id }) => id === row.id)).toHaveLength(1)
  })

  it('never repeats it after its attempt died either', async () => {
    removing.push(
      installFailpoint('deliver:answered', async () => {
        removing.pop()?.()
        throw new Error('the attempt dies')
      }),
    )
    const { run } = await start([])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'unknown', attempt: 1 })
    expect(channel.bodies(row.id)).toBe(1)
  })

  it('prepares and claims again after the connection was lost before the body', async () => {
    const { run } = await start([{ at: 'hand-over', outcome: { kind: 'not-handed-over', cause: 'lost' } }])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'sent', attempt: 2, holds: 1 })
    expect(channel.bodies(row.id)).toBe(1)
  })

  it('shows the codes of its own provider in the run’s workflow, and never its words', async () => {
    const later: Conduct = {
      at: 'hand-over',
      outcome: {
        kind: 'refused',
        permanent: false,
        answer: { status: 'throttled', quota: 429, to: '4366412345678', text: 'try later, Robin' },
      },
    }
    const { run } = await start([later])
    await ended(run)
    const handle = await assent().workflow(run)
    const history = textsOf(JSON.parse(historyToJSON(await handle.fetchHistory())), '').join()
    expect(history).toContain('refused-for-now (429 throttled)')
    expect(history).not.toMatch(/Robin|4366412345678/)
  })
})

describe('an idempotent channel', () => {
  const { channel, start, delivery, ended, assent } = withChannel({ idempotent: true })
  const waits = (run: string) =>
    delivery(run, ({ heldUntil, state }) => heldUntil !== null && state === 'handed-over')
  /** Answers nothing for as long as the test lasts. */
  const silence = Array.from({ length: 50 }, () => silent)

  it.each([
    ['the provider had taken', silent],
    ['the provider had not taken', dropped],
  ])('hands over again what it got no answer to, which %s: one message arrives', async (_, conduct) => {
    const { run } = await start([conduct, dropped, silent])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'sent', reason: null, attempt: 4, holds: 3, heldUntil: null })
    expect(channel.bodies(row.id)).toBe(4)
    expect(channel.received.filter(({ id }) => id === row.id)).toHaveLength(1)
    // The row says all the while that the provider may have it.
    expect(channel.steps(row.id).map(([step, look]) => `${step} ${look}`)).toEqual([
      ...['prepare no row', 'acquire no row', 'hand-over claimed', 'body handed-over'],
      ...Array.from({ length: 3 }, () => [
        ...['prepare handed-over', 'acquire handed-over', 'hand-over handed-over', 'body handed-over'],
      ]).flat(),
    ])
  })

  it('hands over again what a dead attempt had handed over', async () => {
    removing.push(
      installFailpoint('deliver:answered', async () => {
        removing.pop()?.()
        throw new Error('the attempt dies')
      }),
    )
    const { run } = await start([])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'sent', attempt: 2 })
    expect(channel.received.filter(({ id }) => id === row.id)).toHaveLength(1)
  })

  it('continues after the provider was unreachable, and after it asked to retry later', async () => {
    const away = new ChannelUnavailable('connection-failed', 'away')
    const later = { kind: 'refused', permanent: false, answer: { status: 'busy', text: '' } } as const
    const { run } = await start([
      dropped,
      { at: 'acquire', fault: away },
      { at: 'hand-over', outcome: later },
      { at: 'hand-over', outcome: { kind: 'not-handed-over', cause: 'lost' } },
    ])
    const row = await ended(run)
    expect(row).toMatchObject({ state: 'sent', holds: 4 })
    expect(
      channel
        .steps(row.id)
        .slice(4)
        .map(([, look]) => look),
    ).not.toContain('held')
  })

  it('a refusal for good fails it: the provider answered for this id', async () => {
    const no = { kind: 'refused', permanent: true, answer: { status: 'rejected', text: 'no' } } as const
    const { run } = await start([dropped, { at: 'answer', outcome: no }])
    expect(await ended(run)).toMatchObject({ state: 'failed', reason: 'refused', attempt: 2 })
  })

  it('does not repeat it once consent is withdrawn: it is unknown, never blocked', async () => {
    const { person, run } = await start(silence)
    await waits(run)
    await optOut(assent().api, person.email, 'marketing', 'newsletter')
    await assent().runEnded(run)
    expect(await delivery(run, () => true)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
  })

  it('does not repeat it to another address', async () => {
    const { person, run } = await start(silence)
    const { id } = await waits(run)
    const other = await putPerson(assent().api)
    await optIn(assent().api, other.email, 'marketing', 'newsletter')
    await assent().api.put(`/v1/contacts/${person.externalId}`, { email: other.email })
    await assent().runEnded(run)
    expect(await delivery(run, () => true)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
    expect(channel.received.filter((one) => one.id === id).map(({ to }) => to)).toEqual([person.email])
  })

  it('does not repeat it for a run that was cancelled: it is unknown', async () => {
    const { run } = await start(silence)
    await waits(run)
    await assent().api.ok('POST', `/v1/runs/${run}/cancel`, undefined, anything)
    expect(await delivery(run, ({ state }) => state !== 'handed-over')).toMatchObject({
      state: 'unknown',
      reason: 'no-answer',
      heldUntil: null,
    })
  })

  it('is given up as unknown at the end of its send', async () => {
    const short = await publish(assent().api, {
      steps: [{ id: 'one', type: 'send', message: 'first', expires: '2 seconds' }],
    })
    const { run } = await start(silence, short)
    const { path } = await assent().runEnded(run)
    expect(path[0]).toMatchObject({ outcome: 'unknown' })
    expect(await delivery(run, () => true)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
  })

  it('sends the mails of a double opt-in the same way', async () => {
    const person = await putPerson(assent().api)
    channel.plan(person.email, dropped, silent)
    await assent().api.ok(
      'POST',
      '/v1/double-opt-ins',
      {
        contactPoint: { channel: 'email', address: person.email },
        profile: 'default',
        grants: [{ purpose: 'marketing', topic: 'newsletter' }],
        circumstances: 'ticked the box of the sign-up form',
      },
      anything,
    )
    const mail = await until('the mail', async () => channel.received.find(({ to }) => to === person.email))
    const row = await until('its outcome', async () => {
      const [one] = await assent().deps.db.select().from(deliveries).where(eq(deliveries.id, mail.id))
      return one?.state === 'sent' ? one : null
    })
    expect(row).toMatchObject({ attempt: 3, holds: 2 })
    expect(channel.received.filter(({ id }) => id === mail.id)).toHaveLength(1)
  })
})

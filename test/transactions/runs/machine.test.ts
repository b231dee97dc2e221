/** What could go wrong between a run's row and its workflow: no hold is forgotten, nothing is tried without end, no reason gets lost. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { deliveries } from '../../../db/schema/deliveries.ts'
import { doubleOptIns } from '../../../db/schema/doubleOptIns.ts'
import { runs, waits } from '../../../db/schema/journeys.ts'
import { readPosition } from '../../../domain/journey/position.ts'
import { claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { holdDelivery } from '../../../transactions/deliveries/holdDelivery.ts'
import { type DeliveryRef, readDraft } from '../../../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { advanceRequest } from '../../../transactions/doubleOptIns/advanceRequest.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { cancelFromTemporal, cancelRun } from '../../../transactions/runs/endRun.ts'
import { startRun } from '../../../transactions/runs/startRun.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf, takenShape } from '../../harness/client.ts'
import { optIn, optOut, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { refOfMail, refOfRun } from '../../harness/refs.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()
const next = (run: string) => advance(assent.deps, { run, now: now() })
const hold = (ref: DeliveryRef) =>
  holdDelivery(assent.deps, ref, { reason: 'channel-unavailable: refused', rendering: false }, now())

async function deliveryOf({ delivery }: DeliveryRef) {
  const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.id, delivery))
  return row
}

/** A run at its send, as far as the database knows. */
async function sending(more: { expires?: string; exit?: object[] } = {}) {
  const { exit = [], expires } = more
  const journey = await publish(assent.api, {
    exit,
    steps: [
      { id: 'one', type: 'send', message: 'first', ...(expires === undefined ? {} : { expires }) },
      { id: 'pause', type: 'wait', for: '1 day' },
    ],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  return { person, run, ref: await refOfRun(assent.deps, run) }
}

async function claim(ref: DeliveryRef) {
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  const { rendering } = await prepareDelivery(assent.means, assessment, content)
  return claimDelivery(assent.deps, rendering, now())
}

/** The send's end has come. */
async function endSend(run: string): Promise<void> {
  const past = sql`jsonb_set(${runs.position}, '{sendUntil}', '"2020-01-01T00:00:00.000Z"')`
  await assent.deps.db.transaction((tx) => tx.update(runs).set({ position: past }).where(eq(runs.id, run)))
}

describe('a delivery held for a run', () => {
  it('is cancelled with the run, and cannot be asked for any more', async () => {
    const { run, ref } = await sending()
    expect((await hold(ref)).state).toBe('held')
    await cancelRun(assent.deps, run)
    expect(await deliveryOf(ref)).toMatchObject({ state: 'cancelled', reason: 'cancelled', heldUntil: null })
    expect((await assent.api.call('POST', `/v1/deliveries/${ref.delivery}/retry`)).status).toBe(409)
    expect((await assent.run(run)).path).toMatchObject([{ step: 'one', outcome: 'cancelled' }])
  })

  it('is cancelled by an exit trigger, and by a cancel in Temporal', async () => {
    const exited = await sending({ exit: [{ trigger: 'order.placed' }] })
    await hold(exited.ref)
    const order = { contact: { externalId: exited.person.externalId } }
    await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    expect(await deliveryOf(exited.ref)).toMatchObject({ state: 'cancelled', reason: 'trigger:order.placed' })
    const cancelled = await sending()
    await hold(cancelled.ref)
    await cancelFromTemporal(assent.deps, cancelled.run)
    expect(await deliveryOf(cancelled.ref)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled-in-temporal',
    })
  })

  it('by an attempt that was under way when the run ended, is cancelled when its workflow asks', async () => {
    const { run, ref } = await sending()
    await cancelRun(assent.deps, run)
    expect((await hold(ref)).state).toBe('held')
    expect(await next(run)).toEqual({ do: 'end', state: 'cancelled', reason: 'cancelled' })
    expect(await deliveryOf(ref)).toMatchObject({ state: 'cancelled', reason: 'cancelled' })
  })
})

it('a mail held for a request that was withdrawn is cancelled when its workflow asks', async () => {
  const person = await putPerson(assent.api)
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
  const ref = await refOfMail(assent.deps, id, 1)
  const sent = await claim(ref)
  if (sent.kind !== 'claimed') throw new Error(sent.kind)
  await markHandedOver(assent.deps, sent.delivery, sent.attempt)
  const answer = { code: 250, text: 'queued' }
  await settleDelivery(assent.deps, sent, { kind: 'accepted', answer }, now())
  const reminder = await refOfMail(assent.deps, id, 2)
  expect((await hold(reminder)).state).toBe('held')
  await optOut(assent.api, person.email, 'marketing')
  expect(await advanceRequest(assent.deps, { request: id, now: now() })).toMatchObject({
    state: 'withdrawn',
  })
  expect(await deliveryOf(reminder)).toMatchObject({ state: 'cancelled', reason: 'withdrawn' })
  expect(await deliveryOf(ref)).toMatchObject({ state: 'sent', reason: null })
  const [request] = await assent.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
  expect(request?.state).toBe('withdrawn')
})

it('a hold never outlasts its send: the run is asked again at the end of the send', async () => {
  const { run, ref } = await sending({ expires: '1 hour' })
  await hold(ref)
  const { db } = assent.deps
  const heldUntil = sql`clock_timestamp() + interval '2 days'`
  await db.transaction((tx) =>
    tx.update(deliveries).set({ heldUntil }).where(eq(deliveries.id, ref.delivery)),
  )
  const [row] = await db.select().from(runs).where(eq(runs.id, run))
  const { sendUntil } = readPosition(row?.position)
  expect(sendUntil).toBeDefined()
  expect(await next(run)).toMatchObject({ do: 'wait', why: 'held', until: sendUntil })
  expect(await advance(assent.deps, { run, now: sendUntil ?? '' })).toMatchObject({
    do: 'wait',
    what: 'pause',
  })
  expect(await deliveryOf(ref)).toMatchObject({ state: 'expired', reason: 'expired' })
})

describe('a hand-over whose attempt died', () => {
  it('is unknown where the next attempt cannot even be made: it is not tried again and again', async () => {
    const { run, ref } = await sending()
    const taken = await claim(ref)
    if (taken.kind !== 'claimed') throw new Error(taken.kind)
    expect(await markHandedOver(assent.deps, taken.delivery, taken.attempt)).toBe(true)
    expect(await next(run)).toMatchObject({ do: 'send', delivery: ref.delivery })
    expect(await hold(ref)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
  })
})

describe('a claim after the end of the send', () => {
  it('says that we gave up, where the message has no limit of its own', async () => {
    const { run, ref } = await sending()
    await endSend(run)
    const delivery = { state: 'failed', reason: 'gave-up' }
    expect(await claim(ref)).toMatchObject({ kind: 'settled', delivery })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
  })

  it('says that the message expired, where it was worth sending until then only', async () => {
    const { run, ref } = await sending({ expires: '1 hour' })
    await endSend(run)
    const delivery = { state: 'expired', reason: 'expired' }
    expect(await claim(ref)).toMatchObject({ kind: 'settled', delivery })
  })

  it('finds what the run itself would have recorded', async () => {
    for (const [expires, state, reason] of [
      [undefined, 'failed', 'gave-up'],
      ['1 hour', 'expired', 'expired'],
      ['5 days', 'failed', 'gave-up'],
    ] as const) {
      const { run, ref } = await sending(expires === undefined ? {} : { expires })
      await endSend(run)
      expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
      expect(await deliveryOf(ref)).toMatchObject({ state, reason })
    }
  })
})

describe('the consent activity', () => {
  it('answers the stored decision of a blocked delivery, whatever was granted since', async () => {
    const { person, run, ref } = await sending()
    await optOut(assent.api, person.email, 'marketing')
    const first = await decideDelivery(assent.deps, ref)
    expect(first.decision).toMatchObject({ verdict: 'block', reason: 'opted-out' })
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    expect(await decideDelivery(assent.deps, ref)).toEqual(first)
    expect(await claim(ref)).toMatchObject({ kind: 'settled', delivery: { state: 'blocked' } })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
  })

  it('decides again on a held delivery, and blocks it if consent was withdrawn', async () => {
    const { person, run, ref } = await sending()
    await claim(ref)
    await hold(ref)
    expect(await next(run)).toMatchObject({ do: 'wait', why: 'held', reason: 'channel-unavailable: refused' })
    await optOut(assent.api, person.email, 'marketing')
    expect((await decideDelivery(assent.deps, ref)).decision.verdict).toBe('block')
    expect(await deliveryOf(ref)).toMatchObject({ state: 'blocked', reason: 'opted-out', heldUntil: null })
  })
})

describe('an attempt that comes too late', () => {
  it('for a send that the run has left is superseded: nothing is claimed for it', async () => {
    const { run, ref } = await sending()
    // As a move does it: the position names another send, and no row tells of this one yet.
    const elsewhere = sql`jsonb_set(${runs.position}, '{delivery}', to_jsonb(gen_random_uuid()::text))`
    await assent.deps.db.transaction((tx) =>
      tx.update(runs).set({ position: elsewhere }).where(eq(runs.id, run)),
    )
    const delivery = { state: 'cancelled', reason: 'superseded' }
    expect(await claim(ref)).toMatchObject({ kind: 'settled', delivery })
  })

  it('hands nothing over that was held or blocked since its claim', async () => {
    const held = await sending()
    const first = await claim(held.ref)
    if (first.kind !== 'claimed') throw new Error(first.kind)
    await hold(held.ref)
    expect(await markHandedOver(assent.deps, first.delivery, first.attempt)).toBe(false)
    const blocked = await sending()
    const second = await claim(blocked.ref)
    if (second.kind !== 'claimed') throw new Error(second.kind)
    await optOut(assent.api, blocked.person.email, 'marketing')
    expect((await decideDelivery(assent.deps, blocked.ref)).decision.verdict).toBe('block')
    expect(await markHandedOver(assent.deps, second.delivery, second.attempt)).toBe(false)
    expect(await deliveryOf(blocked.ref)).toMatchObject({ state: 'blocked' })
  })
})

it('each hold lasts longer than the one before', async () => {
  const { ref } = await sending()
  const lengths: number[] = []
  for (let i = 0; i < 4; i++) {
    const at = now()
    const { heldUntil, holds } = await holdDelivery(
      assent.deps,
      ref,
      { reason: 'dkim-key: gone', rendering: false },
      at,
    )
    expect(holds).toBe(i + 1)
    lengths.push(Date.parse(heldUntil ?? '') - Date.parse(at))
  }
  expect(lengths).toEqual([1_000, 2_000, 4_000, 8_000])
})

describe('many callers at once', () => {
  it('get one answer at a send, a wait, a due wait and an end; each visit is entered once', async () => {
    const { run, ref } = await sending()
    const all = async (at = now()) => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => advance(assent.deps, { run, now: at })),
      )
      return new Set(answers.map((one) => JSON.stringify(one)))
    }
    expect([...(await all())]).toEqual([JSON.stringify({ do: 'send', delivery: ref.delivery, what: 'one' })])
    // An id nobody knows is refused, and takes nothing with it.
    await expect(claim({ ...ref, delivery: run })).rejects.toThrow()
    const claims = await Promise.all(Array.from({ length: 4 }, () => claim(ref)))
    const attempts = claims.flatMap((one) => (one.kind === 'claimed' ? [one.attempt] : [])).sort()
    expect(attempts).toEqual([1, 2, 3, 4])
    const marks = await Promise.all(attempts.map((one) => markHandedOver(assent.deps, ref.delivery, one)))
    expect(marks).toEqual([false, false, false, true])
    expect(await claim(ref)).toMatchObject({ kind: 'settled', delivery: { state: 'unknown' } })
    expect(await all()).toHaveProperty('size', 1)
    const waits = await next(run)
    if (waits.do !== 'wait' || waits.until === null) throw new Error('the run does not wait')
    expect([...(await all(waits.until))]).toEqual([
      JSON.stringify({ do: 'end', state: 'completed', reason: 'end-of-steps' }),
    ])
    expect((await assent.run(run)).path.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['one', 'unknown'],
      ['pause', 'waited'],
    ])
  })
})

describe('a run', () => {
  const rowOf = async (run: string) => (await assent.deps.db.select().from(runs).where(eq(runs.id, run)))[0]

  it('takes ten effects in a transaction, its start among them, and is asked on', async () => {
    const steps = Array.from({ length: 25 }, (_, i) => ({
      id: `which-${i}`,
      type: 'branch',
      cases: [{ when: 'true', steps: [] }],
    }))
    const journey = await publish(assent.api, {
      steps: [...steps, { id: 'pause', type: 'wait', for: '1 day' }],
    })
    const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
    expect((await rowOf(run))?.position).toMatchObject({ step: 'which-9', visit: 10 })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect((await rowOf(run))?.position).toMatchObject({ step: 'pause', visit: 26 })
    expect((await assent.run(run)).path.map(({ step }) => step)).toEqual([
      ...steps.map(({ id }) => id),
      'pause',
    ])
  })

  it('that is paused stays so, wherever the machine goes', async () => {
    const { run, ref } = await sending()
    await assent.deps.db.transaction((tx) => tx.update(runs).set({ state: 'paused' }).where(eq(runs.id, run)))
    await giveUpDelivery(assent.deps, ref, 'gave-up')
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect((await rowOf(run))?.state).toBe('paused')
  })

  it('of a rehearsal ignores the real time', async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 day' }] })
    const { id: contactId } = await putPerson(assent.api)
    const start = { journey, contactId, payload: {}, clock: 'skipping' as const }
    const { id: run } = await startRun(assent.deps, start)
    const deadline = '2020-01-02T00:00:00.000Z'
    await assent.deps.db.transaction((tx) => tx.update(waits).set({ deadline }).where(eq(waits.runId, run)))
    const at = (time: string) => advance(assent.deps, { run, now: time })
    expect(await at('2020-01-01T00:00:00.000Z')).toMatchObject({ do: 'wait', until: deadline })
    expect(await at(deadline)).toMatchObject({ do: 'end', state: 'completed' })
  })
})

describe('an event counts once', () => {
  const waitFor = (id: string) => ({
    id,
    type: 'waitFor',
    timeout: '1 day',
    events: [{ trigger: 'order.placed', steps: [] }],
  })
  async function started(steps: object[]) {
    const journey = await publish(assent.api, { steps })
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, journey, person)
    const order = { contact: { externalId: person.externalId } }
    await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    return run
  }

  it('for the first of two waits that are entered after it, in one transaction', async () => {
    const send = { id: 'one', type: 'send', message: 'first' }
    const run = await started([send, waitFor('first'), waitFor('second')])
    await giveUpDelivery(assent.deps, await refOfRun(assent.deps, run), 'gave-up')
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'second' })
    expect((await assent.run(run)).path.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['one', 'failed'],
      ['first', 'matched'],
      ['second', 'waiting'],
    ])
  })

  it('for no wait that follows a sleep during which it came', async () => {
    const run = await started([{ id: 'sleep', type: 'wait', for: '1 day' }, waitFor('ordered')])
    const sleeps = await next(run)
    if (sleeps.do !== 'wait' || sleeps.until === null) throw new Error('the run does not sleep')
    expect(await advance(assent.deps, { run, now: sleeps.until })).toMatchObject({
      do: 'wait',
      what: 'ordered',
    })
  })
})

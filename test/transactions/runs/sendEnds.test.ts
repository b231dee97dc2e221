/** The end of a send is always reachable, and an attempt that died is judged once, by whatever asks next. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messages } from '../../../db/schema/definitions.ts'
import { runs } from '../../../db/schema/journeys.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { holdDelivery } from '../../../transactions/deliveries/holdDelivery.ts'
import { markHandedOver } from '../../../transactions/deliveries/settleDelivery.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything } from '../../harness/client.ts'
import { commercial, optOut, putBrand } from '../../harness/fixtures.ts'
import { claimSend, deliveryOf, handOverAndDie, sendingRun } from '../../harness/sends.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()
const next = (run: string) => advance(assent.deps, { run, now: now() })

async function endSend(run: string): Promise<void> {
  const past = sql`jsonb_set(${runs.position}, '{sendUntil}', '"2020-01-01T00:00:00.000Z"')`
  await assent.deps.db.transaction((tx) => tx.update(runs).set({ position: past }).where(eq(runs.id, run)))
}

/** A run at the send of a message of its own, which can be removed. */
async function sendingRemovable(expires?: string) {
  const message = `removed-${Math.random().toString(36).slice(2)}`
  await assent.api.put(`/v1/messages/${message}`, commercial('Removed'))
  const sending = await sendingRun(assent, { message, ...(expires === undefined ? {} : { expires }) })
  const remove = () =>
    assent.deps.db.transaction((tx) => tx.delete(messages).where(eq(messages.key, message)))
  return { ...sending, remove }
}

describe('a send whose message was removed', () => {
  it.each([
    [undefined, 'failed'],
    ['1 hour', 'expired'],
  ])('ends at its time, without a delivery: expires %s, %s', async (expires, outcome) => {
    const { run, ref, remove } = await sendingRemovable(expires)
    await remove()
    await expect(decideDelivery(assent.deps, ref)).rejects.toThrow('message')
    expect(await next(run)).toMatchObject({ do: 'send' })
    await endSend(run)
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect(await deliveryOf(assent, ref)).toBeUndefined()
    const { path } = await assent.run(run)
    expect(path).toMatchObject([{ step: 'one', outcome, reason: 'cannot-be-read' }, { step: 'pause' }])
  })

  it('ends its delivery where there is one', async () => {
    const { run, ref, remove } = await sendingRemovable()
    await holdDelivery(assent.deps, ref, { reason: 'channel-unavailable: refused', rendering: false }, now())
    await remove()
    await endSend(run)
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect(await deliveryOf(assent, ref)).toMatchObject({ state: 'failed', reason: 'gave-up' })
  })

  it('is unknown where the message may have left', async () => {
    const { run, ref, remove } = await sendingRemovable()
    await handOverAndDie(assent, ref)
    await remove()
    await endSend(run)
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect(await deliveryOf(assent, ref)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
  })
})

describe('what an attempt handed over before it died', () => {
  it('is unknown as soon as the consent activity blocks: the run goes on, and does not ask again and again', async () => {
    const { person, run, ref } = await sendingRun(assent)
    await handOverAndDie(assent, ref)
    await optOut(assent.api, person.email, 'marketing')
    expect((await decideDelivery(assent.deps, ref)).decision.verdict).toBe('block')
    expect(await deliveryOf(assent, ref)).toMatchObject({ state: 'unknown', reason: 'no-answer' })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
  })

  it('is not judged by an allow, nor by the run: the next attempt does that', async () => {
    const { run, ref } = await sendingRun(assent)
    await handOverAndDie(assent, ref)
    expect((await decideDelivery(assent.deps, ref)).decision.verdict).toBe('allow')
    expect(await next(run)).toMatchObject({ do: 'send', delivery: ref.delivery })
    expect(await deliveryOf(assent, ref)).toMatchObject({ state: 'handed-over' })
  })
})

describe('a run that ended while an attempt was under way, which died', () => {
  it.each(['claimed', 'handed-over'] as const)('leaves no delivery that is %s for good', async (left) => {
    const { run, ref } = await sendingRun(assent)
    if (left === 'claimed') await claimSend(assent, ref)
    else await handOverAndDie(assent, ref)
    await assent.api.ok('POST', `/v1/runs/${run}/cancel`, undefined, anything)
    // The attempt may still be alive: the end itself judges nothing.
    expect((await deliveryOf(assent, ref))?.state).toBe(left)
    expect(await next(run)).toMatchObject({ do: 'end', state: 'cancelled' })
    expect(await deliveryOf(assent, ref)).toMatchObject(
      left === 'claimed'
        ? { state: 'cancelled', reason: 'cancelled' }
        : { state: 'unknown', reason: 'no-answer' },
    )
    if (left === 'claimed') expect(await markHandedOver(assent.deps, ref.delivery, 1)).toBe(false)
  })
})

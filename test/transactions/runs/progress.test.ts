/** What progress of a run resets, and what a change of the contact's address means for a run that is under way. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../../../db/schema/journeys.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { readDraft } from '../../../transactions/deliveries/origin.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything, takenShape } from '../../harness/client.ts'
import {
  optIn,
  optOut,
  type Person,
  personal,
  publish,
  putBrand,
  putPerson,
  startRunOf,
} from '../../harness/fixtures.ts'
import { claimSend, deliveryOf, sendingRun } from '../../harness/sends.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()
const next = (run: string) => advance(assent.deps, { run, now: now() })
const rowOf = async (run: string) => (await assent.deps.db.select().from(runs).where(eq(runs.id, run)))[0]

describe('the recoveries of a run', () => {
  const recovered = (run: string) =>
    assent.deps.db.transaction((tx) =>
      tx
        .update(runs)
        .set({ recoveries: 5, recoverAfter: sql`clock_timestamp() + interval '1 hour'` })
        .where(eq(runs.id, run)),
    )

  it('are forgotten as soon as it makes progress, and not before', async () => {
    const { run, ref } = await sendingRun(assent)
    await recovered(run)
    expect(await next(run)).toMatchObject({ do: 'send' })
    expect(await rowOf(run)).toMatchObject({ recoveries: 5, recoverAfter: expect.any(String) })
    await giveUpDelivery(assent.deps, ref, 'gave-up')
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    expect(await rowOf(run)).toMatchObject({ recoveries: 0, recoverAfter: null })
  })
})

/** @returns the new address */
async function move(person: Person, allowed: boolean): Promise<string> {
  const email = `moved-${person.email}`
  personal(email)
  await assent.api.ok('PATCH', `/v1/contacts/${person.externalId}`, { email }, anything)
  if (allowed) await optIn(assent.api, email, 'marketing', 'newsletter')
  else await optOut(assent.api, email, 'marketing')
  return email
}

describe('a contact whose address changes', () => {
  it('while its run is at a send gets the message at the new address, after a new decision', async () => {
    const { person, ref } = await sendingRun(assent)
    const { assessment } = await readDraft(assent.deps, assent.deps.db, ref)
    await move(person, true)
    // What was rendered for the old address is not sent to it any more, nor to the new one.
    expect(await claimDelivery(assent.deps, { ready: false, assessment }, now())).toEqual({ kind: 'stale' })
    expect(await deliveryOf(assent, ref)).toBeUndefined()
    expect(await claimSend(assent, ref)).toMatchObject({ kind: 'claimed' })
    const row = await deliveryOf(assent, ref)
    expect(row?.contactPointId).not.toBe(assessment.intended.contactPoint)
  })

  it('between a rendering and its claim is not blocked by the lock of the old address', async () => {
    const { person, ref } = await sendingRun(assent)
    const { assessment } = await readDraft(assent.deps, assent.deps.db, ref)
    await move(person, false)
    expect(await claimDelivery(assent.deps, { ready: false, assessment }, now())).toEqual({ kind: 'stale' })
    expect(await deliveryOf(assent, ref)).toBeUndefined()
  })

  it('while its run is at a send is blocked if the new address has no consent', async () => {
    const { person, run, ref } = await sendingRun(assent)
    await move(person, false)
    expect((await decideDelivery(assent.deps, ref)).decision).toMatchObject({ verdict: 'block' })
    expect(await deliveryOf(assent, ref)).toMatchObject({ state: 'blocked' })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
  })

  it('between the decision to block and its record is decided on again, at the new address', async () => {
    const { person, ref } = await sendingRun(assent)
    await optOut(assent.api, person.email, 'marketing')
    let moved = false
    const remove = installFailpoint('decide:forecast', async () => {
      if (moved) return
      moved = true
      await move(person, true)
    })
    try {
      expect((await decideDelivery(assent.deps, ref)).decision).toMatchObject({ verdict: 'allow' })
    } finally {
      remove()
    }
    expect(await deliveryOf(assent, ref)).toBeUndefined()
  })

  it('between two blocks is blocked by its own lock: the row names the new address', async () => {
    const { person, ref } = await sendingRun(assent)
    await optOut(assent.api, person.email, 'marketing')
    let asked = 0
    const remove = installFailpoint('decide:forecast', async () => {
      if (asked++ === 0) await move(person, false)
    })
    try {
      expect((await decideDelivery(assent.deps, ref)).decision).toMatchObject({ verdict: 'block' })
    } finally {
      remove()
    }
    // The first forecast held the lock of the old address only, so it could record nothing.
    expect(asked).toBe(2)
    const { assessment } = await readDraft(assent.deps, assent.deps.db, ref)
    expect(await deliveryOf(assent, ref)).toMatchObject({
      state: 'blocked',
      contactPointId: assessment.intended.contactPoint,
    })
  })

  it('while its run waits still moves the run by its triggers', async () => {
    const ordered = {
      id: 'ordered',
      type: 'waitFor',
      timeout: '1 day',
      events: [{ trigger: 'order.placed', steps: [] }],
    }
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, await publish(assent.api, { steps: [ordered] }), person)
    const email = await move(person, true)
    const order = { contact: { email } }
    const { signalled } = await assent.api.ok('POST', '/v1/triggers/order.placed', order, takenShape)
    expect(signalled).toEqual([run])
    expect(await next(run)).toMatchObject({ do: 'end', state: 'completed' })
  })
})

/** Claims and locks at the edge: an address that appears meanwhile, and a process that stands still with a lock in its hands. */
import { setTimeout as pause } from 'node:timers/promises'
import { eq, sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { isDatabaseAway } from '../../../db/away.ts'
import { Versions } from '../../../db/reads/versions.ts'
import { deliveries } from '../../../db/schema/deliveries.ts'
import { claimDelivery, type Rendering } from '../../../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { assessDelivery, type DeliveryRef, readDraft } from '../../../transactions/deliveries/origin.ts'
import { lockRun } from '../../../transactions/locks.ts'
import { cancelRun } from '../../../transactions/runs/endRun.ts'
import { getDelivery } from '../../../views/deliveries.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import {
  commercial,
  optIn,
  optOut,
  publish,
  putBrand,
  putPerson,
  startRunOf,
} from '../../harness/fixtures.ts'
import { refOfMail, refOfRun } from '../../harness/refs.ts'
import { sendingRun } from '../../harness/sends.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
let owner: postgres.Sql
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1 })
  await putBrand(assent.api)
})
afterAll(async () => {
  await owner.end()
  await assent.stop()
})

/** Rendered, and about to be claimed. */
async function rendered(ref: DeliveryRef): Promise<Rendering> {
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  return (await prepareDelivery(assent.means, assessment, content)).rendering
}

const now = () => new Date().toISOString()

it('a run that ends between rendering and claim is not sent for any more', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const rendering = await rendered(await refOfRun(assent.deps, run))
  await cancelRun(assent.deps, run)
  expect(await claimDelivery(assent.deps, rendering, now())).toMatchObject({
    kind: 'settled',
    delivery: { state: 'cancelled', reason: 'cancelled', attempt: 0 },
  })
})

it('the frame of a decision that a restored database lost is stored again within a minute', async () => {
  let clock = 0
  const deps = { ...assent.deps, versions: new Versions(() => clock) }
  const claim = async () => {
    const { ref } = await sendingRun(assent)
    await claimDelivery(deps, await rendered(ref), now())
    return getDelivery(assent.deps.db, ref.delivery)
  }
  expect((await claim()).decision).not.toBeNull()
  await owner.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`delete from decision_frames`
  })
  clock = 60_000
  expect((await claim()).decision).not.toBeNull()
})

it('a request that is withdrawn between rendering and claim is not mailed for any more', async () => {
  const person = await putPerson(assent.api)
  const asked = {
    contactPoint: { channel: 'email', address: person.email },
    grants: [{ purpose: 'marketing', topic: 'newsletter' }],
    circumstances: 'footer form',
  }
  const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', asked, idOf)
  const rendering = await rendered(await refOfMail(assent.deps, id, 1))
  await optOut(assent.api, person.email, 'marketing', 'newsletter')
  expect(await claimDelivery(assent.deps, rendering, now())).toMatchObject({
    kind: 'settled',
    delivery: { state: 'cancelled', reason: 'withdrawn' },
  })
})

it('an address that was added after the forecast is decided again, not blocked as unknown', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  await assent.api.put(`/v1/contacts/${person.externalId}`, {})
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const assessment = await assessDelivery(assent.deps, assent.deps.db, ref)
  expect(assessment.intended.contactPoint).toBeNull()
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email: person.email })
  expect(await claimDelivery(assent.deps, { ready: false, assessment }, now())).toEqual({ kind: 'stale' })
})

it('an address that was exchanged for another one is not blocked under the lock of the first', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { deps } = assent
  const assessment = await assessDelivery(deps, deps.db, ref)
  expect(assessment.decision.verdict).toBe('block')

  // Held at the run's row, the consent activity has made its forecast and not its record.
  const { promise: release, resolve: go } = Promise.withResolvers<void>()
  const holding = deps.db.transaction(async (tx) => {
    await lockRun(tx, run)
    await release
  })
  const deciding = decideDelivery(deps, ref)
  await until('the consent activity at the lock', async () => {
    const rows = await owner`
      select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return rows.length > 0
  })
  const { email } = await putPerson(assent.api)
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email })
  go()
  await holding

  const { input, decision } = await deciding
  const other = await assessDelivery(deps, deps.db, ref)
  expect(other.intended.contactPoint).not.toBe(assessment.intended.contactPoint)
  expect([decision.verdict, input.contactPoint.id]).toEqual(['block', other.intended.contactPoint])
  const rows = await deps.db.select().from(deliveries).where(eq(deliveries.runId, run))
  expect(rows.map((row) => [row.state, row.contactPointId])).toEqual([
    ['blocked', other.intended.contactPoint],
  ])
})

it('a claim on an address that was exchanged meanwhile records nothing', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { deps } = assent
  const assessment = await assessDelivery(deps, deps.db, ref)
  const { email } = await putPerson(assent.api)
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email })
  expect(await claimDelivery(deps, { ready: false, assessment }, now())).toEqual({ kind: 'stale' })
  expect(await deps.db.select().from(deliveries).where(eq(deliveries.runId, run))).toEqual([])
})

it('nothing is sent to an address that was erased, and the block says so', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'receipt' }] })
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { deps } = assent
  expect((await assessDelivery(deps, deps.db, ref)).decision.verdict).toBe('allow')
  await owner`update contact_points set address = null, erased_at = now() where address = ${person.email}`
  const { assessment, content } = await readDraft(deps, deps.db, ref)
  expect([assessment.intended.contactPoint, content.address, content.contact?.email]).toEqual([
    null,
    null,
    null,
  ])
  expect(assessment.decision).toMatchObject({ verdict: 'block', reason: 'unknown-contact-point' })
})

it('the message’s own profile says what may be tracked, not its purpose’s', async () => {
  await assent.api.put('/v1/profiles/discreet', {
    name: 'Discreet',
    sender: { name: 'Discreet', email: 'hello@example.com' },
    postalAddress: '1 Example Street, 1010 Exampletown',
    trackingPurpose: 'statistics',
    defaultTracking: 'do-not-track',
  })
  await assent.api.put('/v1/messages/discreet', commercial('Discreet', { profile: 'discreet' }))
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const tracking = async (message: string) => {
    const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message }] })
    const run = await startRunOf(assent.api, journey, person)
    const { deps } = assent
    const { decision } = await assessDelivery(deps, deps.db, await refOfRun(deps, run))
    return [decision.verdict, decision.tracking.allowed]
  }
  expect([await tracking('discreet'), await tracking('first')]).toEqual([
    ['allow', false],
    ['allow', true],
  ])
})

it('a transaction that stays idle is ended, and loses its locks, within a minute', async () => {
  const { db } = assent.deps
  const [row] = await db.execute<{ limit: string }>(
    sql`select current_setting('idle_in_transaction_session_timeout') as limit`,
  )
  expect(row?.limit).toBe('1min')
  const error = await db
    .transaction(async (tx) => {
      await tx.execute(sql`set local idle_in_transaction_session_timeout = '100ms'`)
      await pause(400)
      await tx.execute(sql`select 1`)
    })
    .then(
      () => null,
      (caught: unknown) => caught,
    )
  expect(isDatabaseAway(error)).toBe(true)
  expect(await db.execute(sql`select 1 as one`)).toHaveLength(1)
})

/** Claims and locks at the edge: an address that appears meanwhile, and a process that stands still with a lock in its hands. */
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isDatabaseAway } from '../../db/lostConnection.ts'
import { claimDelivery } from '../../transactions/deliveries/claimDelivery.ts'
import { type DeliveryRef, readSubject } from '../../transactions/deliveries/subject.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('an address that came after the forecast is decided on anew, not blocked as unknown', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  await assent.api.put(`/v1/contacts/${person.externalId}`, {})
  const run = await startRunOf(assent.api, journey, person)
  const ref: DeliveryRef = { kind: 'run', run, step: 'one', visit: 1 }
  const subject = await readSubject(assent.house, assent.house.db, ref)
  expect(subject.matter.contactPoint).toBeNull()
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email: person.email })
  const options = { now: new Date().toISOString(), expired: false }
  expect(await claimDelivery(assent.house, { ready: false, subject }, options)).toEqual({ kind: 'stale' })
})

it('whoever stands still inside a transaction loses it, and its locks, within a minute', async () => {
  const { db } = assent.house
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

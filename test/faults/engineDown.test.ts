/** The engine away: what was acknowledged is stored, and heard once it is back; nothing is acknowledged and lost. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { outbox } from '../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { mailsArrived } from '../harness/mailbox.ts'
import { Wire } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

let wire: Wire
let assent: Assent
beforeAll(async () => {
  wire = await Wire.to(inject('temporal').address, { cut: true })
  assent = await startAssent({ engine: wire.address, worker: false })
  await putBrand(assent.api)
})
afterAll(async () => {
  await assent.stop()
  await wire.cut()
})

const readiness = async (): Promise<{ status: number; said: unknown }> => {
  const answer = await fetch(`${assent.url}/readyz`)
  return { status: answer.status, said: await answer.json() }
}

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

it('takes triggers, starts and double opt-ins while the engine is away, and carries all of them out afterwards', async () => {
  const journey = await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    steps: [{ id: 'one', type: 'send', message: 'first' }],
  })
  const by = { trigger: await optedIn(), start: await optedIn() }
  expect(await readiness()).toMatchObject({ status: 503, said: { database: true, engine: false } })
  expect((await fetch(`${assent.url}/healthz`)).status).toBe(200)

  const taken = await assent.api.ok(
    'POST',
    '/v1/triggers/cart.abandoned',
    { id: 'cart-1', contact: { externalId: by.trigger.externalId }, payload: {} },
    takenShape,
  )
  const started = await startRunOf(assent.api, journey, by.start)
  const [triggered = ''] = taken.started
  const wish = {
    contactPoint: { channel: 'email', address: (await putPerson(assent.api)).email },
    grants: [{ purpose: 'marketing', topic: 'events' }],
  }
  const pending = z.looseObject({ state: z.literal('pending') })
  await assent.api.ok('POST', '/v1/double-opt-ins', wish, pending)
  for (const run of [triggered, started]) {
    expect(await assent.run(run)).toMatchObject({
      state: 'running',
      path: [{ step: 'one', outcome: 'sending' }],
    })
    // Away for longer than one call's patience: only the sweep can tell of it now.
    await until('the engine to have been tried in vain', async () => {
      const [start] = await assent.deps.db.select().from(outbox).where(eq(outbox.stream, run))
      return start !== undefined && start.lastError !== null
    })
  }

  await wire.mend()
  await assent.startWorker()
  for (const run of [triggered, started]) {
    const ended = await assent.runEnded(run)
    expect(ended.path).toMatchObject([{ step: 'one', outcome: 'sent' }])
  }
  await mailsArrived(by.trigger.email, 1)
  await mailsArrived(by.start.email, 1)
  await mailsArrived(wish.contactPoint.address, 1)
  await until('readiness', async () => (await readiness()).status === 200)
})

it('that becomes unreachable while runs wait loses no trigger: one from that time moves its run afterwards', async () => {
  const journey = await publish(assent.api, {
    steps: [
      {
        id: 'wait',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'order.placed', steps: [{ id: 'two', type: 'send', message: 'receipt' }] }],
      },
    ],
  })
  const person = await optedIn()
  const run = await startRunOf(assent.api, journey, person)
  await assent.runWaits(run, 'wait')
  await wire.cut()
  const bought = { id: 'order-1', contact: { externalId: person.externalId } }
  expect((await assent.api.ok('POST', '/v1/triggers/order.placed', bought, takenShape)).signalled).toEqual([
    run,
  ])
  await wire.mend()
  const ended = await assent.runEnded(run)
  expect(ended.path.map((step) => step.outcome)).toEqual(['matched', 'sent'])
  await mailsArrived(person.email, 1)
})

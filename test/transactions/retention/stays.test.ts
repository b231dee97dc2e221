/**
 * What is still needed stays, however old it is. Each test sweeps as if every row were past its time: with retentions of less than no
 * days.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { retentionNames } from '../../../domain/retention.ts'
import { sweepBatch } from '../../../transactions/retention/sweepBatch.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything, idOf, takenShape } from '../../harness/client.ts'
import { optIn, optOut, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../../harness/mailbox.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

/** Everything that any sweep would ever delete. */
async function sweepAll(): Promise<void> {
  for (const name of retentionNames) {
    const { looked } = await sweepBatch(assent.deps.db, name, { days: -1, most: 10_000 })
    expect(looked).toBeLessThan(10_000)
  }
}

const read = (path: string) => assent.api.ok('GET', path, undefined, anything)
const postTrigger = (name: string, externalId: string) =>
  assent.api.ok('POST', `/v1/triggers/${name}`, { id: randomUUID(), contact: { externalId } }, takenShape)
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

describe('a run that has ended', () => {
  it('loses its path and its waits; what proves its mails stays, and the links in them go on working', async () => {
    const person = await putPerson(assent.api)
    const address = encodeURIComponent(person.email)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const journey = await publish(assent.api, {
      steps: [
        { id: 'one', type: 'send', message: 'first' },
        {
          id: 'ordered',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', steps: [] }],
        },
      ],
    })
    const run = await startRunOf(assent.api, journey, person)
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    await assent.runWaits(run, 'ordered')
    await postTrigger('order.placed', person.externalId)
    const before = await assent.runEnded(run)
    expect(before.path).toMatchObject([{ step: 'one', outcome: 'sent' }, { step: 'ordered' }])
    const between = new Date().toISOString()
    await optOut(assent.api, person.email, 'marketing')
    const click = linkIn(mail, '/t/')
    await fetch(click, { redirect: 'manual', headers: { 'User-Agent': 'Mozilla/5.0' } })

    const proofs = [
      `/v1/consents?channel=email&address=${address}`,
      `/v1/consents?channel=email&address=${address}&asOf=${between}`,
      `/v1/contacts/${person.externalId}`,
    ]
    const pack = z.looseObject({ generatedAt: z.string() })
    const evidence = async () => {
      const { generatedAt: _, ...rest } = await assent.api.ok(
        'GET',
        `/v1/consents/evidence?channel=email&address=${address}`,
        undefined,
        pack,
      )
      return rest
    }
    const proven = [await evidence(), ...(await Promise.all(proofs.map(read)))]
    const words = (key: string, value: unknown) => (key === 'text' ? undefined : value)
    const withoutWords = JSON.stringify(await read(`/v1/deliveries?run=${run}`), words)
    await sweepAll()
    expect([await evidence(), ...(await Promise.all(proofs.map(read)))]).toEqual(proven)
    // Of the delivery only the words of the mail server go.
    expect(await read(`/v1/deliveries?run=${run}`)).toEqual(JSON.parse(withoutWords))

    const after = await read(`/v1/runs/${run}`)
    expect(after).toMatchObject({ id: run, state: 'completed', path: [], pathDeletedAt: expect.any(String) })
    const redirect = await fetch(click, { redirect: 'manual', headers: { 'User-Agent': 'Mozilla/5.0' } })
    expect([redirect.status, redirect.headers.get('Location')]).toEqual([
      302,
      expect.stringMatching(/^https:\/\/www\.example\.com\/checkout/),
    ])
    const delivery = before.path[0]?.delivery ?? ''
    expect(await read(`/v1/deliveries/${delivery}`)).toMatchObject({
      id: delivery,
      state: 'sent',
      decision: { verdict: 'allow', reason: 'opted-in' },
    })
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const unsubscribe = linkIn(mail, '/preferences/').replace('/preferences/', '/unsubscribe/')
    expect((await fetch(unsubscribe, { method: 'POST' })).status).toBe(200)
    // What is deleted once is not looked for again.
    expect(await sweepBatch(assent.deps.db, 'run-paths', { days: -1 })).toMatchObject({ looked: 0 })
  })

  it('goes whole where nothing was sent or blocked for it; re-entry rules still know of it', async () => {
    const person = await putPerson(assent.api)
    const journey = await publish(assent.api, { steps: [{ id: 'end', type: 'exit', reason: 'done' }] })
    const run = await startRunOf(assent.api, journey, person)
    await assent.runEnded(run)
    await sweepAll()
    expect((await assent.api.call('GET', `/v1/runs/${run}`)).status).toBe(404)
    const body = { contact: { externalId: person.externalId } }
    expect((await assent.api.call('POST', `/v1/journeys/${journey}/runs`, body)).status).toBe(409)
  })
})

describe('an open run', () => {
  it('keeps its path, its waits, and the events that a later wait still counts', async () => {
    const person = await putPerson(assent.api)
    const journey = await publish(assent.api, {
      entry: { trigger: 'cart.abandoned' },
      steps: [
        { id: 'pause', type: 'wait', for: '500 days' },
        {
          id: 'ordered',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', since: 'entry', steps: [] }],
        },
      ],
    })
    const { event: past } = await postTrigger('order.placed', person.externalId)
    const { event: entry, started } = await postTrigger('cart.abandoned', person.externalId)
    const run = started[0] ?? ''
    const { event: order } = await postTrigger('order.placed', person.externalId)
    await sweepAll()
    const stored = await assent.deps.db.execute<{ id: string }>(
      `select id from trigger_events where id in ('${past}', '${entry}', '${order}') order by id`,
    )
    expect(stored.map(({ id }) => id)).toEqual([entry, order])
    expect((await assent.run(run)).path).toMatchObject([{ step: 'pause' }])

    expect(await advance(assent.deps, { run, now: inDays(501) })).toMatchObject({
      do: 'end',
      state: 'completed',
    })
    const ended = await assent.run(run)
    expect(ended.path).toMatchObject([
      { step: 'pause' },
      { step: 'ordered', outcome: 'matched', event: order },
    ])
    expect(journey).not.toBe('')
  })
})

describe('a double opt-in', () => {
  it('keeps the link of a request that is pending, and all its evidence once that is confirmed', async () => {
    const person = await putPerson(assent.api)
    const body = {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'footer form',
    }
    const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', body, idOf)
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    const link = linkIn(mail, '/confirm/')
    await sweepAll()
    expect((await fetch(link, { method: 'POST' })).status).toBe(200)
    await assent.workflowResult(id)
    const shape = z.looseObject({ events: z.array(z.unknown()), doubleOptIns: z.array(z.unknown()) })
    const evidence = async () => {
      const path = `/v1/consents/evidence?channel=email&address=${encodeURIComponent(person.email)}`
      const { events, doubleOptIns } = await assent.api.ok('GET', path, undefined, shape)
      return { events, doubleOptIns }
    }
    const before = await evidence()
    expect(JSON.stringify(before.doubleOptIns)).toContain('Please confirm')
    await sweepAll()
    expect(await evidence()).toEqual(before)
    expect((await fetch(link)).status).toBe(404)
    expect(await read(`/v1/double-opt-ins/${id}`)).toMatchObject({ state: 'confirmed' })
  })
})

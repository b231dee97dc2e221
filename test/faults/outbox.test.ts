/** The outbox: what was committed is told to the engine, by whoever comes by, in the order of each run, and each row once. */
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { outbox } from '../../db/schema/triggers.ts'
import { Dispatcher } from '../../engine/dispatcher.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything, takenShape } from '../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { Wire } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

let wire: Wire
let assent: Assent
const ending: (() => Promise<void>)[] = []
/** Nobody dispatches in this file but those a test starts; and no worker runs, so a history shows what the engine was told. */
let carts = 0
beforeAll(async () => {
  wire = await Wire.to(inject('temporal').address)
  assent = await startAssent({ engine: wire.address, worker: false })
  await putBrand(assent.api)
  // Each `cart.abandoned` starts it anew, and the same cart's `order.placed` ends that run.
  await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    reentry: 'always',
    exit: [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }],
    steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
  })
  await until('the outbox to be empty', async () => (await waiting()).length === 0)
  await assent.dispatcher.stop()
})
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})
afterAll(async () => {
  await assent.stop()
  await wire.cut()
})

/** As of another process, over the same database. */
function dispatcher(interval: number): Dispatcher {
  const made = new Dispatcher({
    house: assent.house,
    client: assent.client,
    taskQueue: assent.environment.TEMPORAL_TASK_QUEUE ?? '',
    log: pino({ level: 'silent' }),
    interval,
  })
  ending.push(() => made.stop())
  return made
}

const waiting = () => assent.house.db.select().from(outbox).orderBy(outbox.id)

/** What the engine was told about a run, in order. */
async function told(run: string): Promise<string[]> {
  const { events } = await (await assent.workflow(run)).fetchHistory()
  return (events ?? []).flatMap((event) => {
    if (event.workflowExecutionStartedEventAttributes) return ['start']
    return event.workflowExecutionSignaledEventAttributes ? ['signal'] : []
  })
}

const newCart = () => `cart-${++carts}`

async function post(
  name: string,
  person: Person,
  cart: string,
): Promise<{ started: string[]; signalled: string[] }> {
  const body = { id: `${name}-${cart}`, contact: { externalId: person.externalId }, payload: { cart } }
  return assent.api.ok('POST', `/v1/triggers/${name}`, body, takenShape)
}

describe('the outbox', () => {
  it('keeps what a process committed that died before it told anybody; the sweep of another one tells it', async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
    const run = await startRunOf(assent.api, journey, await putPerson(assent.api))
    expect((await waiting()).filter((row) => row.stream === run)).toMatchObject([
      { kind: 'start', attempts: 0 },
    ])
    await expect((await assent.workflow(run)).describe()).rejects.toThrow()
    dispatcher(100).start()
    await until('the start', async () => (await told(run)).length > 0)
    // It has had its first look, and nobody nudges it: only its sweep can find what is committed from now on.
    const later = await startRunOf(assent.api, journey, await putPerson(assent.api))
    await until('the later start', async () => (await told(later)).length > 0)
    expect(await told(run)).toEqual(['start'])
    await until('the outbox to be empty', async () => (await waiting()).length === 0)
  })

  it('is emptied by two processes at once without telling anything twice, triggers of our own included', async () => {
    const person = await putPerson(assent.api)
    const many = Array.from({ length: 25 }, newCart)
    const runs: string[] = []
    for (const cart of many) runs.push(...(await post('cart.abandoned', person, cart)).started)
    for (const cart of many) await post('order.placed', person, cart)
    // A change of the contact, which intake takes from the outbox as a trigger.
    await assent.api.put(`/v1/contacts/${person.externalId}`, {
      email: person.email,
      attributes: { size: 'L' },
    })
    expect(runs).toHaveLength(many.length)
    const pair = [dispatcher(20), dispatcher(20)]
    for (const one of pair) one.start()
    await until('the outbox to be empty', async () => (await waiting()).length === 0)
    for (const run of runs) expect(await told(run)).toEqual(['start', 'signal'])
    const events = await assent.api.ok(
      'GET',
      `/v1/runs?contact=${person.externalId}&limit=100`,
      undefined,
      anything,
    )
    expect(JSON.stringify(events).match(/"exited"/g)).toHaveLength(many.length)
  })

  it('tells of a run’s start before its signals, also where the start had failed and the signal had not', async () => {
    const person = await putPerson(assent.api)
    const cart = newCart()
    const lone = dispatcher(100)
    await wire.cut()
    const [run = ''] = (await post('cart.abandoned', person, cart)).started
    lone.start()
    const failed = await until('the start to fail', async () =>
      (await waiting()).find((row) => row.stream === run && row.attempts > 0),
    )
    expect(failed).toMatchObject({ kind: 'start' })
    // The signal is due at once, the start only after a pause.
    expect((await post('order.placed', person, cart)).signalled).toEqual([run])
    await wire.mend()
    await until('the outbox to be empty', async () => (await waiting()).length === 0)
    expect(await told(run)).toEqual(['start', 'signal'])
  })

  it('does not let one stream that cannot be told hold up the others', async () => {
    const person = await putPerson(assent.api)
    // A start of a workflow that nobody knows how to tell: it stays, is tried later and later, and shows why.
    const unreadable = { stream: 'unreadable', kind: 'start', body: { workflow: 'none' } } as const
    await assent.house.db.transaction((tx) => tx.insert(outbox).values(unreadable))
    const [run = ''] = (await post('cart.abandoned', person, newCart())).started
    dispatcher(50).start()
    await until('the start', async () => (await told(run)).length > 0)
    const [stuck] = await until('the other to have failed', async () => {
      const rows = (await waiting()).filter((row) => row.stream === 'unreadable' && row.attempts > 0)
      return rows.length > 0 ? rows : null
    })
    expect(stuck).toMatchObject({ lastError: 'ZodError' })
  })
})

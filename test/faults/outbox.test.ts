/** The outbox: what was committed is told to the engine, by whoever comes by, in the order of each run, and each row once. */
import { and, eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { outbox, triggerEvents } from '../../db/schema/triggers.ts'
import { lanes } from '../../domain/lanes.ts'
import { Dispatcher } from '../../engine/dispatcher.ts'
import { installFailpoint } from '../../failpoints.ts'
import {
  type OutboxEntry,
  type OutboxTrigger,
  outboxTriggerShape,
  putAllInOutbox,
  putInOutbox,
} from '../../transactions/outbox.ts'
import { allLanes, exchange, type Floors, leaseQuery, noFloors } from '../../transactions/outboxLeases.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything, takenShape } from '../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { Wire } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'
import { startWorkerProcess } from '../harness/workerProcess.ts'

/** A look at all lanes, with nothing to report. */
const everything = {
  told: [],
  untold: [],
  kept: [],
  from: new Map(allLanes.map((lane) => [lane, 100])),
  floors: noFloors,
  page: 500,
}
const planShape = z.tuple([
  z.object({
    'QUERY PLAN': z.tuple([
      z.object({ Plan: z.object({ 'Shared Hit Blocks': z.number(), 'Shared Read Blocks': z.number() }) }),
    ]),
  }),
])

let wire: Wire
let assent: Assent
const ending: (() => unknown)[] = []
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
  for (const end of ending.splice(0).toReversed()) await end()
})
afterAll(async () => {
  await assent.stop()
  await wire.cut()
})

/** As of another process, over the same database. */
function dispatcher(interval: number): Dispatcher {
  const made = new Dispatcher({
    deps: assent.deps,
    client: assent.client,
    taskQueue: assent.environment.TEMPORAL_TASK_QUEUE ?? '',
    log: pino({ level: 'silent' }),
    interval,
  })
  ending.push(() => made.stop())
  return made
}

const waiting = () => assent.deps.db.select().from(outbox).orderBy(outbox.id)

/** What the engine was told about a run, in order. */
async function told(run: string): Promise<string[]> {
  const { events } = await (await assent.workflow(run)).fetchHistory()
  return (events ?? []).flatMap((event) => {
    if (event.workflowExecutionStartedEventAttributes) return ['start']
    return event.workflowExecutionSignaledEventAttributes ? ['signal'] : []
  })
}

/** Nothing waits, and nobody dispatches any more. */
async function emptied(): Promise<void> {
  const lone = dispatcher(50)
  await assent.deps.db.transaction((tx) => tx.delete(outbox).where(eq(outbox.stream, 'unreadable')))
  lone.start()
  await until('the outbox to be empty', async () => (await waiting()).length === 0)
  await lone.stop()
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
  it('keeps the rows that a process committed before it died; the sweep of another process delivers them', async () => {
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
      (await waiting()).find((row) => row.stream === run && row.lastError !== null),
    )
    // The engine is away: the row is not at fault.
    expect(failed).toMatchObject({ kind: 'start', attempts: 0 })
    expect((await post('order.placed', person, cart)).signalled).toEqual([run])
    await wire.mend()
    await until('the outbox to be empty', async () => (await waiting()).length === 0)
    expect(await told(run)).toEqual(['start', 'signal'])
  })

  it('does not let one stream that cannot be delivered delay the others', async () => {
    const person = await putPerson(assent.api)
    // A start of a workflow that nobody knows how to tell: it stays, is tried later and later, and shows why.
    const unreadable = { stream: 'unreadable', kind: 'start', body: { workflow: 'none' } } as const
    await assent.deps.db.transaction((tx) => tx.insert(outbox).values(unreadable))
    const [run = ''] = (await post('cart.abandoned', person, newCart())).started
    dispatcher(50).start()
    await until('the start', async () => (await told(run)).length > 0)
    const [stuck] = await until('the other to have failed', async () => {
      const rows = (await waiting()).filter((row) => row.stream === 'unreadable' && row.attempts > 0)
      return rows.length > 0 ? rows : null
    })
    expect(stuck).toMatchObject({ lastError: 'ZodError' })
  })

  it('delivers due rows while another row is still being delivered', async () => {
    const person = await putPerson(assent.api)
    await emptied()
    const held = Promise.withResolvers<void>()
    let first = true
    ending.push(
      installFailpoint('outbox:leased', async () => {
        if (!first) return
        first = false
        await held.promise
      }),
    )
    const lone = dispatcher(50)
    const [slow = ''] = (await post('cart.abandoned', person, newCart())).started
    lone.start()
    await until('the slow one to be under way', async () => !first)
    const [quick = ''] = (await post('cart.abandoned', person, newCart())).started
    await until('the quick one', async () => (await told(quick)).length > 0)
    await expect(told(slow)).rejects.toThrow()
    held.resolve()
    await until('the slow one', async () => (await told(slow)).length > 0)
  })

  it('tells what withdraws and what stops before what starts, and never a later row of a stream', async () => {
    const { db } = assent.deps
    await emptied()
    const trigger = (name: string): OutboxTrigger => ({
      name,
      senderEvent: name,
      contactPoint: null,
      contact: null,
      delivery: null,
      payload: {},
      occurredAt: new Date().toISOString(),
    })
    const start = (id: string): OutboxEntry => ({
      stream: id,
      kind: 'start',
      body: { workflow: 'doubleOptIn', id, profile: 'default', clock: 'real', first: { do: 'again' } },
    })
    const stop = (id: string, why: 'trigger' | 'exit'): OutboxEntry => ({
      stream: id,
      kind: 'signal',
      body: { workflow: id, nudge: { why } },
    })
    const rollBack = new Error('nothing of this is kept')
    const seen = await db
      .transaction(async (tx) => {
        await putAllInOutbox(tx, [
          ...Array.from({ length: 40 }, (_, n) => start(`s-${n}`)),
          stop('s-1', 'exit'),
          stop('nudged', 'trigger'),
          { stream: 'contact:1', kind: 'trigger', body: trigger('contact.updated') },
          stop('stopped', 'exit'),
          { stream: 'point:1', kind: 'trigger', body: trigger('consent.withdrawn') },
        ])
        const { leased } = await exchange(tx, {
          ...everything,
          room: 6,
          from: new Map(everything.from).set(lanes.starts, 1),
        })
        throw Object.assign(rollBack, { leased: leased.map((row) => row.stream) })
      })
      .catch((error: unknown) => {
        if (error !== rollBack) throw error
        return 'leased' in rollBack ? rollBack.leased : null
      })
    expect(seen).toEqual(['point:1', 'stopped', 'contact:1', 'nudged', 's-0'])
  })

  it('a withdrawal behind another event of its contact point waits for no bulk of other events', async () => {
    const { db } = assent.deps
    await emptied()
    const event = (stream: string, name: string): OutboxEntry => ({
      stream,
      kind: 'trigger',
      body: {
        name,
        senderEvent: name,
        contactPoint: null,
        contact: null,
        delivery: null,
        payload: {},
        occurredAt: new Date().toISOString(),
      },
    })
    const rollBack = new Error('nothing of this is kept')
    const seen: string[][] = []
    await db
      .transaction(async (tx) => {
        const bulk = Array.from({ length: 100 }, (_, n) => event(`contact:${n}`, 'contact.created'))
        await putAllInOutbox(tx, [...bulk, event('point:1', 'consent.granted')])
        await putAllInOutbox(tx, [event('point:1', 'consent.withdrawn')])
        for (let round = 0; round < 2; round++) {
          const { leased } = await exchange(tx, { ...everything, room: 1 })
          seen.push(leased.map((row) => `${row.stream} ${outboxTriggerShape.parse(row.body).name}`))
          await exchange(tx, { ...everything, told: leased.map(({ id }) => id), room: 0 })
        }
        throw rollBack
      })
      .catch((error: unknown) => {
        if (error !== rollBack) throw error
      })
    expect(seen).toEqual([['point:1 consent.granted'], ['point:1 consent.withdrawn']])
  })

  it('tells each stream in its order, with four dispatchers at once and rows that fail now and then', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => putPerson(assent.api)))
    const all = [1, 2, 3, 4].map(() => dispatcher(20))
    let calls = 0
    ending.push(
      installFailpoint('outbox:leased', async () => {
        calls += 1
        if (calls % 7 === 0) throw new Error('this time it is not told')
      }),
      installFailpoint('outbox:told', async () => {
        if (calls % 11 === 0) throw new Error('told, and not recorded as told')
      }),
    )
    for (const one of all) one.start()
    const wanted = Array.from({ length: 12 }, (_, n) => `n-${n}`)
    const write = (person: Person) =>
      wanted.reduce(
        (before, senderEvent) =>
          before.then(() =>
            assent.deps.db.transaction((tx) =>
              putInOutbox(tx, {
                stream: `contact:${person.id}`,
                kind: 'trigger',
                body: {
                  name: 'order.placed',
                  senderEvent,
                  contactPoint: null,
                  contact: person.id,
                  delivery: null,
                  payload: { cart: 'none' },
                  occurredAt: new Date().toISOString(),
                },
              }),
            ),
          ),
        Promise.resolve(),
      )
    await Promise.all(people.map(write))
    await until(
      'the outbox to be empty',
      async () => {
        const rows = await waiting()
        return rows.every(({ stream }) => !stream.startsWith('contact:'))
      },
      { seconds: 50 },
    )
    for (const person of people) {
      const events = await assent.deps.db
        .select({ senderEvent: triggerEvents.senderEvent })
        .from(triggerEvents)
        .where(and(eq(triggerEvents.contactId, person.id), eq(triggerEvents.name, 'order.placed')))
        .orderBy(triggerEvents.seq)
      expect(events.map((event) => event.senderEvent)).toEqual(wanted.map((name) => `${name}:${person.id}`))
    }
  })

  it('parks a row after ten attempts; an operator sees it, retries or drops it, and its stream continues', async () => {
    const { db } = assent.deps
    const lone = dispatcher(50)
    lone.start()
    const person = await putPerson(assent.api)
    const [run = ''] = (await post('cart.abandoned', person, newCart())).started
    await until('the start', async () => (await told(run)).length > 0)
    const { workflowId: workflow } = await assent.workflow(run)
    const signal = { workflow, nudge: { why: 'trigger' } }
    await db.transaction((tx) =>
      tx.insert(outbox).values([
        { stream: run, kind: 'signal', body: { nonsense: true }, attempts: 9 },
        { stream: run, kind: 'signal', body: signal },
      ]),
    )
    const rowShape = z.object({
      items: z.array(z.looseObject({ id: z.string(), stream: z.string(), lastError: z.string() })),
    })
    const parked = () => assent.api.ok('GET', '/v1/outbox?state=parked', undefined, rowShape)
    const one = async () => (await parked()).items.find((row) => row.stream === run)
    const row = await until('the row to be parked', one)
    expect(row).toMatchObject({ attempts: 10, lastError: 'ZodError' })
    expect((await waiting()).filter(({ stream }) => stream === run)).toHaveLength(2)
    expect((await assent.api.call('POST', `/v1/outbox/${row.id}/retry`)).status).toBe(204)
    // Wrong as before: it fails again, and is not parked at once.
    await until('another attempt', async () =>
      (await waiting()).some(({ id, attempts }) => String(id) === row.id && attempts > 0),
    )
    expect(await one()).toBeUndefined()
    expect((await assent.api.call('DELETE', `/v1/outbox/${row.id}`)).status).toBe(404)
    await db.transaction((tx) =>
      tx
        .update(outbox)
        .set({ state: 'parked' })
        .where(eq(outbox.id, Number(row.id))),
    )
    expect((await assent.api.call('DELETE', `/v1/outbox/${row.id}`)).status).toBe(204)
    await until('the rest of the stream', async () => (await waiting()).every(({ stream }) => stream !== run))
    expect(await told(run)).toEqual(['start', 'signal'])
  })
})

describe('a process that dies', () => {
  it.each(['outbox:leased', 'outbox:told'] as const)(
    'at %s loses nothing, and what is told again is told in order',
    async (name) => {
      await emptied()
      const person = await putPerson(assent.api)
      const cart = newCart()
      const [run = ''] = (await post('cart.abandoned', person, cart)).started
      await post('order.placed', person, cart)
      const dying = await startWorkerProcess(assent.environment, { ASSENT_FAILPOINTS: `${name}=kill` })
      expect(await dying.ended).toBe('SIGKILL')
      expect((await waiting()).filter((row) => row.stream === run)).toHaveLength(2)
      dispatcher(100).start()
      await until('the outbox to be empty', async () => (await waiting()).length === 0)
      expect(await told(run)).toEqual(['start', 'signal'])
    },
  )
})

describe('leasing', () => {
  it('reads little beside 5,000 rows that are deleted and cannot be removed, and with a plan from an empty outbox', async () => {
    const { db } = assent.deps
    const owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 2 })
    ending.push(() => owner.end())
    const look = { ...everything, room: 10 }
    // A plan for the empty table, said often enough to be kept.
    let { floors } = await exchange(db, look)
    for (let n = 0; n < 8; n++) ({ floors } = await exchange(db, { ...look, floors }))
    const old = await owner.reserve()
    await old`begin isolation level repeatable read read only`
    ending.push(async () => {
      await old`commit`
      old.release()
    })
    await old`select count(*) from outbox`
    await db.transaction((tx) =>
      tx.execute(
        sql`insert into outbox (stream, kind, body) select 'dead-' || n, 'start', '{}' from generate_series(1, 5000) n`,
      ),
    )
    await db.transaction((tx) => tx.execute(sql`delete from outbox where stream like 'dead-%'`))
    await db.transaction((tx) => tx.insert(outbox).values({ stream: 'alive', kind: 'start', body: {} }))
    // Floors are no higher than the oldest transaction that still writes, in whatever database of the server: wait for those
    // of other tests to end.
    await until('the transactions of before to end', async () => {
      const [row] = await owner<{ over: boolean }[]>`select bool_and(written_in <
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint) as over from outbox where stream = 'alive'`
      return row?.over === true
    })
    const first = await exchange(db, { ...look, floors })
    expect(first.leased.map((row) => row.stream)).toEqual(['alive'])
    const blocks = (from: Floors) =>
      db.transaction(async (tx) => {
        const values = {
          lanes: [...allLanes],
          floors: allLanes.map((lane) => from.get(lane) ?? 0),
          page: 500,
          rooms: allLanes.map(() => 10),
          room: 10,
        }
        await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
        const rows = await tx.execute(
          sql`explain (analyze, buffers, format json) ${leaseQuery((name) => sql.param(values[name]))}`,
        )
        const [
          {
            'QUERY PLAN': [plan],
          },
        ] = planShape.parse(rows)
        return plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks']
      })
    const [withFloors, without] = [await blocks(first.floors), await blocks(noFloors)]
    expect(withFloors).toBeLessThan(60)
    expect(without).toBeGreaterThan(withFloors + 50)
    await db.transaction((tx) => tx.delete(outbox).where(eq(outbox.stream, 'alive')))
  })
})

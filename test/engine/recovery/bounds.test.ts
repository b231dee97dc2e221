/** Recovery keeps its bounds: a run that always fails is parked, many runs delay no trigger, and nobody reads every run. */
import { drizzle } from 'drizzle-orm/postgres-js'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { Db } from '../../../db/connect.ts'
import { type Source, suspectsOf, suspectsOfSweep } from '../../../db/reads/suspects.ts'
import { beginSweep, phases } from '../../../domain/recovery/sweep.ts'
import { RecoveryWatch } from '../../../engine/recovery/watch.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { runShape, takenShape } from '../../harness/client.ts'
import { publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
let sql: postgres.Sql
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  sql = postgres(assent.environment.DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  await putBrand(assent.api)
})
afterAll(async () => {
  await sql.end()
  await assent.stop()
})

const watch = (rate = 1_000) =>
  new RecoveryWatch({
    deps: assent.deps,
    client: assent.client,
    taskQueue: assent.environment.TEMPORAL_TASK_QUEUE ?? '',
    log: pino({ level: 'silent' }),
    rate,
  })
const pausing = { steps: [{ id: 'pause', type: 'wait', for: '1 day' }] }

it('a run that always fails is parked after eight recoveries, and continues after an operator retries it', async () => {
  const id = await startRunOf(assent.api, await publish(assent.api, pausing), await putPerson(assent.api))
  const handle = await assent.workflow(id)
  await until('its workflow', () => handle.describe())
  /** As a workflow that fails at once, whatever is tried; no person has a hand in it. */
  const fail = () =>
    assent.client.workflowService.terminateWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId },
      identity: 'history-service',
    })
  const recovery = watch()
  const pauses: number[] = []
  for (let time = 1; time <= 8; time++) {
    await fail()
    // The clock moves on to when it may be looked at again.
    await sql`update runs set recover_after = clock_timestamp() where id = ${id}`
    await recovery.look()
    const [row] = await sql<{ recoveries: number; pause: number }[]>`select recoveries,
      round(extract(epoch from recover_after - clock_timestamp()) / 60)::int as pause from runs where id = ${id}`
    expect(row?.recoveries).toBe(time)
    pauses.push(row?.pause ?? 0)
    // Before its time it is left alone.
    await recovery.look()
    expect(recovery.counts.started).toBe(time)
  }
  expect(pauses).toEqual([1, 3, 9, 27, 81, 243, 729, 1440])
  await fail()
  await sql`update runs set recover_after = clock_timestamp() where id = ${id}`
  await recovery.look()
  expect(recovery.counts).toMatchObject({ started: 8, parked: 1 })

  const list = z.looseObject({
    items: z.array(z.looseObject({ id: z.string(), parked: z.string().nullable() })),
  })
  const parked = () => assent.api.ok('GET', '/v1/runs?parked=true', undefined, list)
  expect((await parked()).items).toMatchObject([{ id, parked: 'recovered-in-vain' }])
  expect(await assent.run(id)).toMatchObject({ waitingFor: { step: 'pause', why: 'parked' } })
  await recovery.look()
  expect((await handle.describe()).status.name).toBe('TERMINATED')

  await assent.api.ok('POST', `/v1/runs/${id}/retry`, undefined, runShape)
  await until('its workflow', async () => (await handle.describe()).status.name === 'RUNNING')
  expect((await parked()).items).toEqual([])
  expect(await assent.run(id)).toMatchObject({ waitingFor: { step: 'pause', why: 'wait' } })
  await assent.api.call('POST', `/v1/runs/${id}/cancel`)
  expect((await assent.api.call('POST', `/v1/runs/${id}/retry`)).status).toBe(409)
  await recovery.stop()
})

it('one process looks at a time; another continues after it has stopped', async () => {
  const [one, other] = [watch(), watch()]
  expect([await one.look(), await other.look()]).toEqual([true, false])
  await one.stop()
  expect(await other.look()).toBe(true)
  await other.stop()
})

it('a trigger is delivered while hundreds of runs wait for recovery', async () => {
  const journey = await publish(assent.api, { entry: { trigger: 'cart.abandoned' }, ...pausing })
  const person = await putPerson(assent.api)
  await startRunOf(assent.api, journey, person)
  // Runs without any workflow, as a new engine finds them.
  await sql`with made as (
      insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at, position)
      select gen_random_uuid(), ${journey}, 1, ${person.id}, 'running', '{}', 0, 0, clock_timestamp() - interval '1 hour',
        '{"machineVersion":1,"step":"pause","visit":1,"loops":{}}' from generate_series(1, 300)
      returning id, contact_id, journey
    ), opened as (
      insert into open_runs (run_id, contact_id, journey) select id, contact_id, journey from made
    )
    insert into busy_runs (run_id) select id from made`
  await sql`update recovery set namespace = 'another', holder = null`
  const recovery = watch(30)
  const looking = recovery.look()
  await until('the first recoveries', async () => recovery.counts.started > 0)
  const body = { contact: { externalId: (await putPerson(assent.api)).externalId }, payload: {} }
  const { started } = await assent.api.ok('POST', '/v1/triggers/cart.abandoned', body, takenShape)
  const [run = ''] = started
  const handle = await assent.workflow(run)
  await until('its workflow', () => handle.describe())
  const [waiting] = await sql<
    { count: number }[]
  >`select count(*)::int as count from outbox where body ? 'again'`
  expect(waiting?.count).toBe(0)
  expect(recovery.counts.started).toBeLessThan(300)
  await recovery.stop()
  await looking
  // Another process goes on where this one stopped.
  const next = watch(3_000)
  await next.look()
  expect(recovery.counts.started + next.counts.started).toBe(300)
  await next.stop()
})

it('suspects are found along partial indexes, however many runs there are', async () => {
  await sql.unsafe(`insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at, position)
      select gen_random_uuid(), journey, 1, contact_id, 'waiting', '{}', 0, 0, now() - interval '1 hour', '{}'
      from (select journey, contact_id from runs limit 1) one, generate_series(1, 10000);
    insert into waits (id, run_id, contact_id, step, visit, kind, state, since_seq, deadline, opened_at)
      select gen_random_uuid(), id, contact_id, 'pause', 9, 'sleep', 'open', 0, now() + interval '1 day', now() from runs;
    analyze`)
  const said: { query: string; params: unknown[] }[] = []
  const db: Db = drizzle(sql, { logger: { logQuery: (query, params) => void said.push({ query, params }) } })
  const indexes: Record<Source, string> = {
    againRuns: 'runs_to_recover',
    againRequests: 'double_opt_ins_to_recover',
    dueWaits: 'waits_due',
    dueDeliveries: 'deliveries_due',
    dueReminders: 'double_opt_ins_remind',
    stalledRuns: 'busy_runs_pkey',
  }
  const sources: Source[] = [
    'againRuns',
    'againRequests',
    'dueWaits',
    'dueDeliveries',
    'dueReminders',
    'stalledRuns',
  ]
  const planOfLast = async () => {
    const { query, params } = said.at(-1) ?? { query: '', params: [] }
    return JSON.stringify(await sql.unsafe(`explain (format json) ${query}`, params as never[]))
  }
  for (const source of sources) {
    await suspectsOf(db, source, null, 200)
    const plan = await planOfLast()
    expect([
      source,
      plan.includes(indexes[source]) || !/Seq Scan[^}]*"Relation Name":"(runs|waits)"/.test(plan),
    ]).toEqual([source, true])
  }
  for (const phase of phases) {
    await suspectsOfSweep(db, { ...beginSweep(new Date().toISOString()), phase }, 200)
    expect([phase, /"Node Type":"Seq Scan"[^}]*"(runs|waits)"/.test(await planOfLast())]).toEqual([
      phase,
      false,
    ])
  }
})

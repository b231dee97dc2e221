/** Traces over the API, the outbox, Temporal, activities and Postgres, as a collector gets them from real processes. */
import { readFileSync } from 'node:fs'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { statementName } from '../../db/traced.ts'
import { freePorts } from '../../dev/ports.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { ApiClient, takenShape } from '../harness/client.ts'
import { Collector } from '../harness/collector.ts'
import { optIn, optOut, publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { testKeys } from '../harness/keys.ts'
import { mailsArrived } from '../harness/mailbox.ts'
import { until } from '../harness/until.ts'
import { startServerProcess, startWorkerProcess, type WorkerProcess } from '../harness/workerProcess.ts'

let assent: Assent
let collector: Collector
let api: ApiClient
const processes: WorkerProcess[] = []
beforeAll(async () => {
  collector = await Collector.start()
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  // Either process may deliver a row of the outbox. This one does not trace.
  await assent.dispatcher.stop()
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' }
  const [port = 0] = await freePorts(1)
  processes.push(await startWorkerProcess(assent.environment, traced))
  processes.push(await startServerProcess(assent.environment, { ...traced, PORT: String(port) }))
  api = new ApiClient(`http://127.0.0.1:${port}`, testKeys.ASSENT_API_KEY)
})
afterAll(async () => {
  for (const one of processes) await one.stop()
  await assent.stop()
  await collector.close()
})

const traceparent = (traceId: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })

it('a trigger, the start, the activities and the statements are one trace, which continues the caller’s', async () => {
  const journey = await publish(api, {
    entry: { trigger: 'cart.abandoned' },
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      {
        id: 'wait',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'order.placed', steps: [{ id: 'two', type: 'send', message: 'second' }] }],
      },
    ],
  })
  const person = await putPerson(api)
  await optIn(api, person.email, 'marketing', 'newsletter')
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const contact = { externalId: person.externalId }
  const reply = await api.call('POST', '/v1/triggers/cart.abandoned', { contact }, traceparent(traceId))
  const [run = ''] = takenShape.parse(reply.body).started
  await mailsArrived(person.email, 1)
  await assent.runWaits(run, 'wait')
  const paths = await until('the trace', async () => {
    const found = collector.paths(traceId)
    return found.some((path) => path.endsWith('RunActivity:deliver')) ? found : null
  })
  const request = 'POST /v1/triggers/{name}'
  const told = `${request} > transaction > tell start > StartWorkflow:journey`
  const delivering = `${told} > RunActivity:deliver`
  for (const path of [
    request,
    `${request} > transaction`,
    `${request} > transaction > INSERT trigger_events`,
    `${request} > transaction > INSERT outbox`,
    told,
    `${told} > RunActivity:decideConsent`,
    delivering,
    `${delivering} > render`,
    `${delivering} > hand over email`,
  ])
    expect(paths).toContain(path)
  expect(paths.some((path) => path.startsWith(`${delivering} > transaction > UPDATE deliveries`))).toBe(true)
  const ofTrace = collector.spans.filter((span) => span.traceId === traceId)
  expect(new Set(ofTrace.map(({ service }) => service))).toEqual(new Set(['assent-api', 'assent-worker']))
  expect(ofTrace.find(({ name }) => name === request)?.attributes).toMatchObject({
    'http.route': '/v1/triggers/{name}',
    'http.request.method': 'POST',
    'assent.request_id': reply.headers.get('X-Request-Id'),
  })

  // What is signalled later goes on with the trace of what signalled it.
  const later = '0af7651916cd43dd8448eb211c80319c'
  await api.call('POST', '/v1/triggers/order.placed', { contact }, traceparent(later))
  await assent.runEnded(run)
  await until('the second trace', async () =>
    collector
      .paths(later)
      .some((path) => /tell signal > SignalWorkflow:nudge > RunActivity:deliver$/.test(path)),
  )

  // The header stands in the history, and nothing in the workflow follows from it.
  const history = await (await assent.workflow(run)).fetchHistory()
  expect(JSON.stringify(history)).toContain('_tracer-data')
  const bundle = { code: readFileSync(inject('bundle'), 'utf8') }
  const workflowId = `${journey}:${run}`
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: bundle }, [
    { workflowId, history },
  ]))
    expect(error).toBeUndefined()

  const everything = JSON.stringify(collector.spans)
  for (const secret of [person.email, person.externalId, person.id]) expect(everything).not.toContain(secret)
  expect(everything).toContain(`${journey}:${run}`)
})

it('what follows from an own event belongs to the trace of its cause', async () => {
  const person = await putPerson(api)
  await optIn(api, person.email, 'marketing')
  await optOut(api, person.email, 'marketing')
  await until('the event', async () =>
    collector.spans.some(
      ({ name, traceId }) =>
        name === 'tell trigger' &&
        collector
          .paths(traceId)
          .some((path) => path.endsWith('tell trigger > transaction > INSERT trigger_events')),
    ),
  )
})

it('a request without a key begins a trace of its own, and a health check begins none', async () => {
  const traceId = '00000000000000000000000000000001'
  await fetch(new URL('/unsubscribe/unknown', api.url), { headers: traceparent(traceId) })
  await fetch(new URL('/healthz', api.url))
  await until('the page', async () =>
    collector.spans.some(({ name }) => name === 'GET /unsubscribe/{handle}'),
  )
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
  expect(collector.spans.filter(({ name }) => name.includes('/healthz'))).toEqual([])
})

it('statements are named by what they do to which table', () => {
  expect(statementName('select "id" from "runs" where "id" = $1 for no key update')).toBe('SELECT runs')
  expect(statementName('select 1 from runs for update of runs')).toBe('SELECT runs')
  expect(statementName('insert into "outbox" ("a") values ($1) on conflict do update set a = 1')).toBe(
    'INSERT outbox',
  )
  expect(statementName('with x as (update waits set state = $1 returning id) select id from x')).toBe(
    'UPDATE waits',
  )
  expect(statementName('delete from outbox where id = $1')).toBe('DELETE outbox')
  expect(statementName('select clock_timestamp()')).toBe('SELECT')
})

/** Both processes serve their metrics on METRICS_PORT: without a key, with what Node says, and the worker's with the Temporal SDK's own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkout } from '../../dev/home.ts'
import { freePorts } from '../../dev/ports.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { readSamples } from '../harness/metrics.ts'
import { until } from '../harness/until.ts'
import { startServerProcess, startWorkerProcess } from '../harness/workerProcess.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const at = async (port: number, path = '/metrics', method = 'GET') => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method })
  return { status: answer.status, type: answer.headers.get('Content-Type'), text: await answer.text() }
}

it('the worker shows its own work, the installation, Node, and the Temporal SDK in one answer', async () => {
  const [port = 0] = await freePorts(1)
  const worker = await startWorkerProcess(assent.environment, { METRICS_PORT: String(port) })
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  await assent.runEnded(await startRunOf(assent.api, journey, person))
  const samples = await until('the send to be counted', async () => {
    const read = readSamples((await at(port)).text)
    // The SDK counts a workflow as completed after the run's row says that it has ended.
    const counted = [
      read.value('assent_deliveries_total', { state: 'sent' }),
      read.value('temporal_workflow_completed_total'),
    ]
    return counted.every((count) => count === 1) ? read : null
  })
  expect(samples.value('assent_gauges_read')).toBe(1)
  expect(samples.value('assent_database_connections', { pool: 'main', state: 'size' })).toBe(20)
  expect(samples.value('assent_threads', { state: 'size' })).toBeGreaterThan(1)
  expect(samples.value('process_resident_memory_bytes')).toBeGreaterThan(0)
  expect(samples.value('temporal_workflow_completed_total')).toBe(1)
  expect(
    samples.value('temporal_activity_execution_latency_seconds_count', { activity_type: 'deliver' }),
  ).toBe(1)
  // Prometheus refuses a text in which a metric is described twice.
  const described = [...samples.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
  expect(described.length).toBe(new Set(described).size)
  // What the dashboard asks for that is not ours comes from Node and from the SDK, under these very names.
  const dashboard = readFileSync(join(checkout, 'docs/grafana/assent.json'), 'utf8')
  const others = new Set(dashboard.match(/\b(?:temporal|process|nodejs)_\w+/g))
  expect(others.size).toBeGreaterThan(3)
  for (const name of others) expect(samples.value(name), name).not.toBeNull()
  for (const secret of [person.email, person.externalId, person.id])
    expect(samples.text).not.toContain(secret)

  expect((await at(port, '/')).status).toBe(404)
  expect((await at(port, '/metrics', 'POST')).status).toBe(405)
  await worker.stop()
  await expect(at(port)).rejects.toThrow()
})

it('the API serves them there too', async () => {
  const [port = 0, metrics = 0] = await freePorts(2)
  const server = await startServerProcess(assent.environment, {
    PORT: String(port),
    METRICS_PORT: String(metrics),
  })
  const { status, type, text } = await at(metrics)
  expect(status).toBe(200)
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(readSamples(text).value('assent_database_connections', { pool: 'main', state: 'size' })).toBe(10)
  await server.stop()
})

/** Whether anything sends: workers report that they live and how they find each channel's provider, and `/readyz` shows it. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { openSmtpPool } from '../../channels/email/pool.ts'
import { probeChannel } from '../../channels/probe.ts'
import { openChannels } from '../../channels/registry.ts'
import { workers } from '../../db/schema/workers.ts'
import { defaultDays } from '../../domain/retention.ts'
import { Heartbeat } from '../../engine/heartbeat.ts'
import { sweepBatch } from '../../transactions/retention/sweepBatch.ts'
import { readWorkers } from '../../views/workers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'
import { startWorkerProcess } from '../harness/workerProcess.ts'

const readiness = z.object({
  database: z.boolean(),
  engine: z.boolean(),
  workers: z.number().nullable(),
  channels: z.record(z.string(), z.object({ ok: z.boolean(), code: z.string().optional() })).nullable(),
})

let smtp: SmtpServer
let assent: Assent
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ worker: false, smtp: smtp.url })
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

async function readyz(): Promise<{ status: number; said: z.output<typeof readiness> }> {
  const answer = await fetch(`${assent.url}/readyz`)
  return { status: answer.status, said: readiness.parse(await answer.json()) }
}
const says = (wanted: Partial<z.output<typeof readiness>>) =>
  until(JSON.stringify(wanted), async () => {
    const { said } = await readyz()
    const relevant = { workers: said.workers, channels: said.channels }
    return JSON.stringify({ ...relevant, ...wanted }) === JSON.stringify(relevant)
  })
const inTransaction = (statement: ReturnType<typeof sql>) =>
  assent.deps.db.transaction((tx) => tx.execute(statement))

it('without a worker the API is ready to accept, and reports that no worker sends', async () => {
  expect(await readyz()).toEqual({
    status: 200,
    said: { database: true, engine: true, workers: 0, channels: {} },
  })
})

it('a worker process is listed while it works, with its mail server, and gone after it stopped', async () => {
  const worker = await startWorkerProcess(assent.environment)
  await says({ workers: 1, channels: { email: { ok: true } } })
  await worker.stop()
  await says({ workers: 0, channels: {} })
})

it('a worker that is killed counts for half a minute; its row is kept for a day', async () => {
  const { db } = assent.deps
  const beats = (id: string) =>
    new Heartbeat({ deps: assent.deps, taskQueue: id, probe: async () => ({}), interval: 3_600_000 })
  const dead = beats('dead')
  dead.start()
  await until('its row', async () => (await readWorkers(db)).alive === 1)
  const ago = (time: string) =>
    inTransaction(
      sql`update workers set seen_at = clock_timestamp() - ${time}::interval where task_queue = 'dead'`,
    )
  await ago('29 seconds')
  expect((await readWorkers(db)).alive).toBe(1)
  await ago('31 seconds')
  expect((await readWorkers(db)).alive).toBe(0)
  const alive = beats('alive')
  alive.start()
  await until('the other', async () => (await readWorkers(db)).alive === 1)
  expect(await db.select({ queue: workers.taskQueue }).from(workers)).toHaveLength(2)
  await ago('25 hours')
  await sweepBatch(db, 'workers', { days: defaultDays.workers })
  expect(await db.select({ queue: workers.taskQueue }).from(workers)).toEqual([{ queue: 'alive' }])
  await Promise.all([dead.stop(), alive.stop()])
  expect(await readWorkers(db)).toEqual({ alive: 0, channels: {} })
})

it('one worker that reaches the mail server is enough; where none does, it says what is in the way', async () => {
  const { deps } = assent
  const unreachable = openChannels({ SMTP_URL: 'smtp://127.0.0.1:1' })
  const reachable = openChannels({ SMTP_URL: smtp.url })
  const beats = (channels: typeof reachable) =>
    new Heartbeat({ deps, taskQueue: 'q', probe: () => channels.probe() })
  const cut = beats(unreachable)
  cut.start()
  await says({ workers: 1, channels: { email: { ok: false, code: 'connection-failed' } } })
  const well = beats(reachable)
  well.start()
  await says({ workers: 2, channels: { email: { ok: true } } })
  await well.stop()
  await says({ workers: 1, channels: { email: { ok: false, code: 'connection-failed' } } })
  await cut.stop()
  await Promise.all([unreachable.close(), reachable.close()])
})

it('a probe that finds all connections busy says nothing, for the mail server is at work', async () => {
  const channel = openSmtpPool(`${smtp.url}?maxConnections=1`)
  const slot = await channel.acquire({})
  const found = await probeChannel(channel, { patience: 200 })
  slot.release()
  await channel.close()
  expect(found).toBeNull()
})

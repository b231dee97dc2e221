/**
 * A whole Assent for a test file: a database of its own, the API on a free port, a worker with a task queue of its own, against
 * the run's one engine and mailbox. Everything is real; only the processes are one.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { sql } from 'drizzle-orm'
import { type Logger, pino } from 'pino'
import { inject } from 'vitest'
import { createActivities } from '../../activities/activities.ts'
import type { Means } from '../../activities/means.ts'
import { redactFailures } from '../../activities/redactFailures.ts'
import { TestMails } from '../../activities/testMails.ts'
import { createApp } from '../../api/app.ts'
import { type Channels, openChannels } from '../../channels/registry.ts'
import { closePools, openPools, type PoolSizes, type Pools, serverPools } from '../../db/pools.ts'
import { Versions } from '../../db/reads/versions.ts'
import { readWorkflowId } from '../../db/reads/workflowId.ts'
import { engineOptions } from '../../engine/connection.ts'
import { Dispatcher } from '../../engine/dispatcher.ts'
import { Heartbeat } from '../../engine/heartbeat.ts'
import { readSettings } from '../../settings.ts'
import { exposition } from '../../telemetry/exposition.ts'
import { Threads, type ThreadsOptions } from '../../threads/pool.ts'
import { registerBuiltIns } from '../../transactions/definitions/registerBuiltIns.ts'
import type { Deps } from '../../transactions/deps.ts'
import { readGauges } from '../../views/gauges.ts'
import { readWorkers } from '../../views/workers.ts'
import { ApiClient, type RunAnswer, runShape } from './client.ts'
import { ownDatabase } from './database.ts'
import { Declared } from './declared.ts'
import { testKeys } from './keys.ts'
import { until } from './until.ts'

// What a test makes fail on purpose need not be read by everybody.
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

export type AssentOptions = {
  /** False: no worker until `startWorker`. */
  worker?: boolean
  /** Another SMTP server than the run's mailbox. */
  smtp?: string
  /** Other channels than those of the settings; asked once for each worker, and once for `means`. */
  channels?: () => Channels
  /** Another address of the engine, as of one that is down. */
  engine?: string
  /** Another way to the database: given its `host:port`, answers the one to use. */
  databaseBy?: (address: string) => Promise<string>
  /** Where API and worker log to; nowhere unless TEST_LOG_LEVEL is set. */
  log?: Logger
  /** Other sizes of pools. As API and worker are one process here, `main` serves both. */
  pools?: Partial<PoolSizes>
  /** Other bounds for work in threads. */
  threads?: ThreadsOptions
  /** Another task queue: the same Assent, started anew. */
  environment?: Record<string, string>
}

export class Assent {
  readonly api: ApiClient
  readonly url: string
  readonly deps: Deps
  readonly pools: Pools
  /** What deliveries are made with, for tests that take an attempt's steps by hand. */
  readonly means: Means
  readonly client: Client
  readonly dispatcher: Dispatcher
  /** What a process of its own would be started with. */
  readonly environment: Record<string, string>
  readonly #closers: (() => Promise<void>)[]
  readonly #log: Logger
  readonly #openChannels: () => Channels
  #worker: { stop(): Promise<void> } | null = null

  constructor(parts: {
    url: string
    deps: Deps
    pools: Pools
    channels: () => Channels
    client: Client
    dispatcher: Dispatcher
    environment: Record<string, string>
    closers: (() => Promise<void>)[]
    log: Logger
  }) {
    this.url = parts.url
    this.api = new ApiClient(parts.url, testKeys.ASSENT_API_KEY)
    this.deps = parts.deps
    this.pools = parts.pools
    this.means = { deps: parts.deps, channels: parts.channels(), publicUrl: parts.url }
    this.#openChannels = parts.channels
    this.client = parts.client
    this.dispatcher = parts.dispatcher
    this.environment = parts.environment
    this.#closers = parts.closers
    this.#log = parts.log
  }

  async startWorker(): Promise<void> {
    const settings = readSettings(this.environment)
    const log = this.#log
    const channels = this.#openChannels()
    const connection = await NativeConnection.connect({ address: settings.TEMPORAL_ADDRESS })
    const worker = await Worker.create({
      connection,
      namespace: settings.TEMPORAL_NAMESPACE,
      taskQueue: settings.TEMPORAL_TASK_QUEUE,
      workflowBundle: { code: readFileSync(inject('bundle'), 'utf8') },
      activities: createActivities({ deps: this.deps, channels, publicUrl: this.url }),
      interceptors: { activity: [() => ({ inbound: redactFailures(log) })] },
      shutdownGraceTime: '2 seconds',
    })
    const testMails = new TestMails({ deps: this.deps, channels, interval: 200 })
    testMails.start()
    const running = worker.run()
    const heartbeat = new Heartbeat({
      deps: this.deps,
      taskQueue: settings.TEMPORAL_TASK_QUEUE,
      probe: () => channels.probe(),
    })
    heartbeat.start()
    this.#worker = {
      stop: async () => {
        worker.shutdown()
        await running
        await heartbeat.stop()
        await testMails.stop()
        await connection.close()
        await channels.close()
      },
    }
  }

  async stopWorker(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.stop()
  }

  run(id: string): Promise<RunAnswer> {
    return this.api.ok('GET', `/v1/runs/${id}`, undefined, runShape)
  }

  /** The run, once it has ended. */
  runEnded(id: string, seconds = 40): Promise<RunAnswer> {
    return until(
      `the end of run ${id}`,
      async () => {
        const run = await this.run(id)
        return ['completed', 'exited', 'cancelled', 'failed'].includes(run.state) ? run : null
      },
      { seconds },
    )
  }

  /** The run, once it waits at this step. */
  runWaits(id: string, step: string): Promise<RunAnswer> {
    return until(`run ${id} waiting at ${step}`, async () => {
      const run = await this.run(id)
      return run.waitingFor?.step === step ? run : null
    })
  }

  /** The workflow of a run or of a double opt-in request. */
  async workflow(id: string): Promise<WorkflowHandle> {
    const workflowId = await readWorkflowId(this.deps.db, id)
    if (workflowId === null) throw new Error(`there is neither a run nor a request ${id}`)
    return this.client.workflow.getHandle(workflowId)
  }

  /** What the workflow of a run or a request returned; it may not have been started yet. */
  async workflowResult(id: string): Promise<unknown> {
    const handle = await this.workflow(id)
    await until(`workflow ${handle.workflowId}`, () => handle.describe())
    return handle.result()
  }

  async stop(): Promise<void> {
    await this.stopWorker()
    await this.means.channels.close()
    for (const close of this.#closers) await close()
  }
}

export async function startAssent(options: AssentOptions = {}): Promise<Assent> {
  const database = await ownDatabase()
  const databaseUrl = new URL(database.runtimeUrl)
  if (options.databaseBy !== undefined) databaseUrl.host = await options.databaseBy(databaseUrl.host)
  const environment: Record<string, string> = {
    ...testKeys,
    DATABASE_URL: databaseUrl.href,
    MIGRATION_DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: options.engine ?? inject('temporal').address,
    TEMPORAL_TASK_QUEUE: `t-${randomBytes(6).toString('hex')}`,
    TEMPORAL_WORKFLOW_BUNDLE: inject('bundle'),
    SMTP_URL: options.smtp ?? inject('mailbox').smtp,
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
    ...options.environment,
  }
  const settings = readSettings(environment)
  const log = options.log ?? pino({ level: settings.LOG_LEVEL })
  const pools = openPools(settings.DATABASE_URL, { ...serverPools, main: 20, ...options.pools })
  const threads = new Threads({ size: 2, ...options.threads })
  const open = options.channels ?? (() => openChannels(settings))
  const channels = open()
  const deps: Deps = {
    db: pools.main.db,
    versions: new Versions(),
    threads,
    dataKeys: settings.dataKeys,
    channels: channels.keys,
    checkSender: (profile) => channels.checkSender(profile),
    log,
  }
  await registerBuiltIns(deps)
  const connection = Connection.lazy({ ...engineOptions(settings), connectTimeout: '2 seconds' })
  const client = new Client({ connection })
  const dispatcher = new Dispatcher({
    deps: { ...deps, db: pools.dispatch.db },
    client,
    taskQueue: settings.TEMPORAL_TASK_QUEUE,
    log,
    interval: 200,
  })
  const declared = new Declared()
  const { server, url } = await listen((publicUrl) =>
    declared.watch(
      createApp({
        deps,
        publicUrl,
        apiKey: settings.ASSENT_API_KEY,
        trustedProxies: settings.TRUSTED_PROXIES,
        log,
        health: {
          database: async () => {
            await deps.db.execute(sql`select 1`)
          },
          engine: async () => {
            // Without an end it would be tried again after the connection was closed.
            await connection.withDeadline(Date.now() + 2_000, () =>
              connection.workflowService.describeNamespace({ namespace: 'default' }),
            )
          },
          workers: () => readWorkers(deps.db),
        },
        metrics: exposition({ readGauges: () => readGauges(deps.db), gaugesHold: 0 }),
        afterCommit: () => dispatcher.nudge(),
      }),
    ),
  )
  environment.PUBLIC_URL = url
  dispatcher.start()
  const assent = new Assent({
    url,
    deps,
    pools,
    channels: open,
    client,
    dispatcher,
    environment,
    log,
    closers: [
      () => closeServer(server),
      () => dispatcher.stop(),
      () => connection.close(),
      () => threads.close(),
      () => channels.close(),
      () => closePools(pools),
      () => database.drop(),
      async () => declared.check(),
    ],
  })
  if (options.worker !== false) await assent.startWorker()
  return assent
}

/** The links in mails name the API's own address, which is known only once it listens. */
async function listen(make: (url: string) => RequestListener): Promise<{ server: Server; url: string }> {
  const { createServer } = await import('node:http')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const url = `http://127.0.0.1:${address.port}`
  server.on('request', make(url))
  return { server, url }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

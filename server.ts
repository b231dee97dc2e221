/** The API process: applies migrations, opens the pool, dispatches the outbox, and serves until it is stopped. */
import { Client, Connection } from '@temporalio/client'
import { sql } from 'drizzle-orm'
import { createApp } from './api/app.ts'
import { httpServer, stopServing } from './api/serving.ts'
import { openChannels } from './channels/registry.ts'
import { closePools, openPools, serverPools } from './db/pools.ts'
import { Versions } from './db/reads/versions.ts'
import { readyDatabase } from './db/restricted.ts'
import { clientIdentity, engineOptions } from './engine/connection.ts'
import { Dispatcher } from './engine/dispatcher.ts'
import { engineTraces } from './engine/traces.ts'
import { Verifier } from './engine/verifier.ts'
import { lifetime } from './lifetime.ts'
import { openLog } from './log.ts'
import { requireSettings } from './settings.ts'
import { watchPools } from './telemetry/database.ts'
import { exposition } from './telemetry/exposition.ts'
import { watchProcess } from './telemetry/registry.ts'
import { serveMetrics } from './telemetry/server.ts'
import { watchThreads } from './telemetry/threads.ts'
import { startTraces } from './telemetry/traces.ts'
import { Threads } from './threads/pool.ts'
import { registerBuiltIns } from './transactions/definitions/registerBuiltIns.ts'
import type { Deps } from './transactions/deps.ts'
import { readGauges } from './views/gauges.ts'
import { readWorkers } from './views/workers.ts'

const settings = requireSettings(process.env)
const log = openLog('api', settings.LOG_LEVEL)
const life = lifetime(log, 28_000)

const stopTraces = await startTraces(settings.OTEL_EXPORTER_OTLP_ENDPOINT, 'assent-api', log)
const traces = await engineTraces(settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined)
const migrated = await readyDatabase(settings)
if (migrated.length > 0) log.info({ migrated }, 'Migrations were applied.')
const pools = openPools(settings.DATABASE_URL, serverPools)
const threads = new Threads()
threads.warm()
const channels = openChannels(settings)
const deps: Deps = {
  db: pools.main.db,
  reads: pools.reads.db,
  versions: new Versions(),
  threads,
  dataKeys: settings.dataKeys,
  channels: channels.keys,
  checkSender: (profile) => channels.checkSender(profile),
  log,
}
await registerBuiltIns(deps)

watchProcess()
watchPools(pools)
watchThreads(() => threads.use)
const metrics = exposition({ readGauges: () => readGauges(pools.background.db) })
const metricsServer = settings.metrics === null ? null : await serveMetrics(settings.metrics, metrics, log)

// The engine may be unreachable: accepted work waits in the outbox.
const connection = Connection.lazy(engineOptions(settings))
const client = new Client({
  connection,
  namespace: settings.TEMPORAL_NAMESPACE,
  identity: clientIdentity(),
  interceptors: { workflow: traces.client },
})
const dispatcher = new Dispatcher({
  deps: { ...deps, db: pools.dispatch.db, reads: pools.dispatch.db },
  client,
  taskQueue: settings.TEMPORAL_TASK_QUEUE,
  log,
})
dispatcher.start()
const verifier = new Verifier({ deps: { ...deps, db: pools.background.db }, log })
verifier.start()

const app = createApp({
  deps,
  publicUrl: settings.PUBLIC_URL,
  apiKey: settings.ASSENT_API_KEY,
  trustedProxies: settings.TRUSTED_PROXIES,
  log,
  health: {
    database: async () => {
      await deps.db.execute(sql`select 1`)
    },
    engine: async () => {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace: settings.TEMPORAL_NAMESPACE }),
      )
    },
    workers: () => readWorkers(deps.db),
  },
  metrics,
  afterCommit: () => dispatcher.nudge(),
})
const server = httpServer(settings.PUBLIC_URL, app)
server.once('error', (error) => {
  log.fatal(
    { err: error },
    'The API cannot listen on its port. Set PORT or LISTEN_ADDRESS, or stop what uses the port.',
  )
  process.exit(1)
})
server.listen(
  {
    port: settings.PORT,
    ...(settings.LISTEN_ADDRESS === undefined ? {} : { host: settings.LISTEN_ADDRESS }),
  },
  () => {
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : settings.PORT
    log.info({ port }, 'The API is ready.')
    life.ready({ port })
  },
)

await life.over
await stopServing(server)
await metricsServer?.close()
await dispatcher.stop()
await verifier.stop()
await connection.close()
await channels.close()
await threads.close()
await closePools(pools)
await stopTraces()
log.info('The API has stopped.')

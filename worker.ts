/**
 * The worker process: runs workflows and activities, dispatches the outbox beside the API, and recovers runs that lost
 * their workflow.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import {
  DefaultLogger,
  type MetricsExporterConfig,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker'
import { createActivities } from './activities/activities.ts'
import { redactFailures } from './activities/redactFailures.ts'
import { TestMails } from './activities/testMails.ts'
import { openChannels } from './channels/registry.ts'
import { closePools, openPools, workerPools } from './db/pools.ts'
import { Versions } from './db/reads/versions.ts'
import { readyDatabase } from './db/restricted.ts'
import { clientIdentity, engineOptions } from './engine/connection.ts'
import { Dispatcher } from './engine/dispatcher.ts'
import { withEngineMetrics } from './engine/engineMetrics.ts'
import { Heartbeat } from './engine/heartbeat.ts'
import { RecoveryWatch } from './engine/recovery/watch.ts'
import { Retention } from './engine/retention.ts'
import { ensureSearchAttributes } from './engine/searchAttributes.ts'
import { engineTraces } from './engine/traces.ts'
import { Verifier } from './engine/verifier.ts'
import { workflowInterceptorModules, workflowsPath } from './engine/workflowSources.ts'
import { installFailpointsFromEnvironment } from './failpoints.ts'
import { lifetime } from './lifetime.ts'
import { openLog } from './log.ts'
import { requireSettings } from './settings.ts'
import { watchPools } from './telemetry/database.ts'
import { exposition } from './telemetry/exposition.ts'
import { watchProcess } from './telemetry/registry.ts'
import { serveMetrics } from './telemetry/server.ts'
import { countSwept } from './telemetry/sweeps.ts'
import { watchThreads } from './telemetry/threads.ts'
import { startTraces } from './telemetry/traces.ts'
import { Threads } from './threads/pool.ts'
import type { Deps } from './transactions/deps.ts'
import { readGauges } from './views/gauges.ts'

const settings = requireSettings(process.env)
const log = openLog('worker', settings.LOG_LEVEL)
const life = lifetime(log, 40_000)
installFailpointsFromEnvironment(process.env)

// The runtime writes to our log, and leaves signals to this process.
const install = (metrics?: MetricsExporterConfig) =>
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log[level === 'ERROR' ? 'error' : 'warn']({ meta }, message)
    }),
    shutdownSignals: [],
    ...(metrics === undefined ? {} : { telemetryOptions: { metrics } }),
  })
// The engine's metrics are collected only if metrics are served.
let readEngine: (() => Promise<string>) | undefined
if (settings.metrics === null) install()
else readEngine = await withEngineMetrics(install)

const stopTraces = await startTraces(settings.OTEL_EXPORTER_OTLP_ENDPOINT, 'assent-worker', log)
const traces = await engineTraces(settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined)
await readyDatabase(settings)
const pools = openPools(settings.DATABASE_URL, workerPools)
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

watchProcess()
watchPools(pools)
watchThreads(() => threads.use)
const metrics = exposition({
  readGauges: () => readGauges(pools.background.db),
  ...(readEngine === undefined ? {} : { readEngine }),
})
const metricsServer = settings.metrics === null ? null : await serveMetrics(settings.metrics, metrics, log)

// These need only the database, so they do not wait for the engine.
const background: Deps = { ...deps, db: pools.background.db, reads: pools.background.db }
const retention = new Retention({
  db: background.db,
  log,
  days: settings.ASSENT_RETENTION,
  onSwept: countSwept,
})
retention.start()
const verifier = new Verifier({ deps: background, log })
verifier.start()

const connection = await reachEngine()
if (connection !== null) {
  const client = await Connection.connect(engineOptions(settings))
  await ensureSearchAttributes(client, settings.TEMPORAL_NAMESPACE, log, () => pause(1_000))
  const temporal = new Client({
    connection: client,
    namespace: settings.TEMPORAL_NAMESPACE,
    identity: clientIdentity(),
    interceptors: { workflow: traces.client },
  })
  const dispatcher = new Dispatcher({
    deps: { ...deps, db: pools.dispatch.db, reads: pools.dispatch.db },
    client: temporal,
    taskQueue: settings.TEMPORAL_TASK_QUEUE,
    log,
  })
  const recovery = new RecoveryWatch({
    deps: background,
    client: temporal,
    taskQueue: settings.TEMPORAL_TASK_QUEUE,
    log,
  })
  const testMails = new TestMails({ deps, channels })
  const heartbeat = new Heartbeat({
    deps: background,
    taskQueue: settings.TEMPORAL_TASK_QUEUE,
    probe: () => channels.probe(),
  })
  const worker = await Worker.create({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    taskQueue: settings.TEMPORAL_TASK_QUEUE,
    ...workflows(),
    activities: createActivities({ deps, channels, publicUrl: settings.PUBLIC_URL }),
    interceptors: {
      // Traces contain the same redacted failures as the workflow history.
      activity: [...traces.activity, () => ({ inbound: redactFailures(log) })],
      // A prebuilt bundle already contains them.
      ...(settings.TEMPORAL_WORKFLOW_BUNDLE === undefined
        ? { workflowModules: workflowInterceptorModules }
        : {}),
    },
    shutdownGraceTime: '10 seconds',
    // Another worker repeats activities that could not finish.
    shutdownForceTime: '25 seconds',
  })
  const running = worker.run()
  dispatcher.start()
  recovery.start()
  heartbeat.start()
  testMails.start()
  log.info({ taskQueue: settings.TEMPORAL_TASK_QUEUE }, 'The worker is ready and polls its task queue.')
  life.ready()
  await Promise.race([life.over, running])
  worker.shutdown()
  await running.catch((error: unknown) =>
    log.error({ err: error }, 'The worker did not stop in order. Other workers take up its open tasks.'),
  )
  await heartbeat.stop()
  await dispatcher.stop()
  await Promise.all([recovery.stop(), testMails.stop()])
  await client.close()
  await connection.close()
}
await metricsServer?.close()
await retention.stop()
await verifier.stop()
await channels.close()
await threads.close()
await closePools(pools)
await stopTraces()
log.info('The worker has stopped.')

/** The engine may start later than this process. */
async function reachEngine(): Promise<NativeConnection | null> {
  for (let attempt = 1; !life.isOver(); attempt++) {
    try {
      return await NativeConnection.connect(engineOptions(settings))
    } catch (error) {
      if (attempt % 10 === 1)
        log.warn(
          { err: error },
          'Temporal cannot be reached. Trying again every second; check TEMPORAL_ADDRESS if this goes on.',
        )
      await pause(1_000)
    }
  }
  return null
}

function workflows(): { workflowsPath: string } | { workflowBundle: { code: string } } {
  const bundle = settings.TEMPORAL_WORKFLOW_BUNDLE
  return bundle === undefined ? { workflowsPath } : { workflowBundle: { code: readFileSync(bundle, 'utf8') } }
}

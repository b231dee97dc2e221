/**
 * The benchmark's stack, all on 127.0.0.1 and removed at the end: a Postgres that waits for the disk as in production
 * (fsync on), a Temporal development server in memory, a mail sink; our API and worker as the processes they are, and
 * the bare counterparts as processes of their own.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { Child } from '../dev/child/child.ts'
import { startForked } from '../dev/child/forked.ts'
import { endStragglers } from '../dev/child/running.ts'
import { startDatabase } from '../dev/database.ts'
import { startEngine } from '../dev/engine.ts'
import { checkout } from '../dev/home.ts'
import { freePorts } from '../dev/ports.ts'
import { applicationDatabase } from '../dev/stack/application-database.ts'
import { workflowInterceptorModules, workflowsPath } from '../engine/workflowSources.ts'
import { Api } from './api.ts'
import { type Sink, startSink } from './sink.ts'
import { countStatements } from './statements.ts'

/**
 * An Assent beside the first one, with a database of its own on the same server and an API of its own. It has no
 * worker.
 */
export type Beside = {
  api: Api
  port: number
  /** As superuser. */
  databaseUrl: string
  /** What its processes were started with. */
  environment: Readonly<Record<string, string>>
}

export type BenchStack = {
  api: Api
  /** Where our API, and the bare Express server, listen. */
  ports: { api: number; bare: number }
  client: Client
  sink: Sink
  /** Task queue of the bare workflow. */
  bareTaskQueue: string
  /** As superuser, in our database. */
  databaseUrl: string
  /** @param name of the database */
  startBeside(name: string): Promise<Beside>
  stop(): Promise<void>
}

export type StackOptions = {
  say: (line: string) => void
  /** Folder for CPU profiles of our processes; null: none. */
  profile: string | null
}

export async function startStack(options: StackOptions): Promise<BenchStack> {
  const { say, profile } = options
  const folder = mkdtempSync(join(tmpdir(), 'assent-bench-'))
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close()
    await endStragglers()
    rmSync(folder, { recursive: true, force: true })
  }
  const keep = (child: Child): void => {
    closers.push(() => child.stop())
  }
  const log = (name: string): string => join(folder, `${name}.log`)
  try {
    const [databasePort = 0, enginePort = 0, uiPort = 0, apiPort = 0] = await freePorts(4)
    say('database …')
    const place = { folder: join(folder, 'postgres'), port: databasePort, log: log('database') }
    let database = await startDatabase(place)
    if (profile !== null) {
      mkdirSync(profile, { recursive: true })
      await countStatements(database.adminUrl)
      await database.child.stop()
      database = await startDatabase(place)
    }
    keep(database.child)
    const password = randomBytes(24).toString('base64url')
    const DATABASE_URL = await applicationDatabase(database.adminUrl, password)
    const databaseUrl = new URL(database.adminUrl)
    databaseUrl.pathname = new URL(DATABASE_URL).pathname

    say('Temporal server …')
    const engine = await startEngine({ port: enginePort, uiPort, log: log('engine'), say })
    keep(engine.child)
    const sink = await startSink()
    closers.push(() => sink.close())

    say('workflow bundles …')
    const bundles = { ours: join(folder, 'ours.js'), bare: join(folder, 'bare.js') }
    writeFileSync(bundles.ours, await bundle(workflowsPath, workflowInterceptorModules))
    writeFileSync(bundles.bare, await bundle(join(checkout, 'bench/bare/workflow.ts'), []))

    const key = () => randomBytes(32).toString('base64url')
    const ASSENT_API_KEY = key()
    const ours = {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      LISTEN_ADDRESS: '127.0.0.1',
      PORT: String(apiPort),
      DATABASE_URL,
      TEMPORAL_ADDRESS: engine.address,
      TEMPORAL_WORKFLOW_BUNDLE: bundles.ours,
      SMTP_URL: sink.url,
      ASSENT_DATA_KEYS: `k1:${key()}`,
      ASSENT_API_KEY,
      LOG_LEVEL: 'warn',
    }
    const bareTaskQueue = 'bench-bare'
    const bare = {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      DATABASE_URL,
      TEMPORAL_ADDRESS: engine.address,
      TASK_QUEUE: bareTaskQueue,
      BUNDLE: bundles.bare,
      SMTP_URL: sink.url,
    }
    const start = async (name: string, file: string, env: Record<string, string>) => {
      say(`${name} …`)
      const measured =
        profile === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(resolve(profile), name)}` }
      const { child, port } = await startForked({
        name,
        file: join(checkout, file),
        cwd: checkout,
        env: { ...env, ...measured },
        log: log(name),
        readyWithinMs: 120_000,
        graceMs: 20_000,
      })
      keep(child)
      return port ?? 0
    }
    await start('api', 'server.ts', ours)
    await start('worker', 'worker.ts', ours)
    await start('bare-worker', 'bench/bare/worker.ts', bare)
    const barePort = await start('bare-server', 'bench/bare/server.ts', bare)

    const startBeside = async (name: string): Promise<Beside> => {
      const [port = 0] = await freePorts(1)
      const url = await applicationDatabase(database.adminUrl, password, name)
      const owner = new URL(database.adminUrl)
      owner.pathname = new URL(url).pathname
      const environment = { ...ours, DATABASE_URL: url, PORT: String(port), TEMPORAL_TASK_QUEUE: name }
      await start(name, 'server.ts', environment)
      const api = new Api(`http://127.0.0.1:${port}`, ASSENT_API_KEY)
      return { api, port, databaseUrl: owner.href, environment }
    }

    const connection = await Connection.connect({ address: engine.address })
    closers.push(() => connection.close())
    return {
      api: new Api(`http://127.0.0.1:${apiPort}`, ASSENT_API_KEY),
      ports: { api: apiPort, bare: barePort },
      client: new Client({ connection }),
      sink,
      bareTaskQueue,
      databaseUrl: databaseUrl.href,
      startBeside,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function bundle(workflowsPath: string, workflowInterceptorModules: string[]): Promise<string> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error }
  const { code } = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger: quiet })
  return code
}

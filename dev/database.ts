/**
 * A Postgres of our own, from the programs npm installed: for `npm start` with data that stays, for tests with data that is
 * thrown away. It listens on 127.0.0.1 only, with a random password per data folder, has no Unix socket, and ends with
 * the process that started it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import postgres from 'postgres'
import { type Child, failsIfEnded } from './child/child.ts'
import { startGuarded } from './child/guarded.ts'
import { databaseAccount } from './database/account.ts'
import { createCluster, postgresEnvironment, removeStalePidFile } from './database/cluster.ts'
import { lastingPlace, passingPlace, programPlace } from './database/place.ts'
import { postgresPrograms } from './database/programs.ts'

export interface Database {
  /** Connects as the superuser, to the database `postgres`. */
  readonly adminUrl: string
  readonly child: Child
}

/** Speed over safety, for data that is thrown away: nothing of it need survive a crash. */
const passingSettings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200']

/**
 * Starts a server whose data stays in `folder`.
 *
 * @param options.folder the data folder; its password lies beside it as `<folder>.password`
 * @param options.removeAtEnd files that must not outlive the server, even when we are killed
 * @throws Error, PartFailed when it cannot be brought up
 */
export async function startDatabase(options: {
  folder: string
  port: number
  log: string
  removeAtEnd?: readonly string[]
}): Promise<Database> {
  mkdirSync(dirname(options.folder), { recursive: true })
  const account = databaseAccount(existsSync(options.folder) ? options.folder : undefined)
  const data = lastingPlace(options.folder, account)
  const password = keptPassword(`${options.folder}.password`, existsSync(data))
  return start({
    ...options,
    account,
    data,
    password,
    settings: ['max_connections=200'],
    passing: false,
    removeAtEnd: options.removeAtEnd ?? [],
  })
}

/** Starts a server with fresh data that goes when it ends. */
export async function startPassingDatabase(options: { port: number; log: string }): Promise<Database> {
  const account = databaseAccount()
  const folder = passingPlace(account)
  return start({
    ...options,
    account,
    data: join(folder, 'data'),
    password: newPassword(),
    settings: passingSettings,
    passing: true,
    removeAtEnd: [folder],
  })
}

function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

function keptPassword(file: string, dataExists: boolean): string {
  if (existsSync(file)) return readFileSync(file, 'utf8')
  if (dataExists)
    throw new Error(`The data folder beside ${file} has lost its password file. Remove it to begin anew.`)
  const password = newPassword()
  writeFileSync(file, password, { mode: 0o600, flag: 'wx' })
  return password
}

interface StartOptions {
  readonly port: number
  readonly log: string
  readonly account: ReturnType<typeof databaseAccount>
  readonly data: string
  readonly password: string
  readonly settings: readonly string[]
  readonly passing: boolean
  readonly removeAtEnd: readonly string[]
}

async function start(options: StartOptions): Promise<Database> {
  const { account, data, password, port } = options
  const programs = postgresPrograms()
  const native = programPlace(programs.native, programs.version, account)
  await createCluster({ native, data, password, account, passing: options.passing })
  removeStalePidFile(data)
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    'log_timezone=UTC',
    ...options.settings,
  ]
  const child = await startGuarded('database', options.log, {
    command: join(native, 'bin', 'postgres'),
    args: ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    env: postgresEnvironment(),
    ...(account === undefined ? {} : { account }),
    // SIGINT is Postgres' fast shutdown: sessions are ended, data is written.
    stopSignal: 'SIGINT',
    graceMs: 10_000,
    removeAtEnd: options.removeAtEnd,
  })
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  await Promise.race([answers(adminUrl, child.ended), failsIfEnded(child, 'The database')])
  return { adminUrl, child }
}

/** Waits until a query is answered. Gives up when the server has ended. */
async function answers(url: string, ended: Promise<unknown>): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!over) {
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
    try {
      await sql`select 1`
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      await sql.end({ timeout: 1 })
    }
  }
}

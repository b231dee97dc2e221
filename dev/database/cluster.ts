/**
 * Creates a Postgres data folder, whole or not at all: a folder that is there has been initialised to the end, since
 * `initdb` works on a neighbouring name that is renamed when it is done.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../child/program.ts'

/** What Postgres sees of our environment: nothing of PGDATA, PGOPTIONS and the like. */
export function postgresEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

export interface ClusterOptions {
  /** The folder that holds `bin/`. */
  readonly native: string
  readonly data: string
  readonly password: string
  readonly account: Account | undefined
  /** Skips waiting for the disk, for data that is thrown away. */
  readonly passing: boolean
}

/** Creates the data folder unless it is there. The superuser is `postgres`, who comes in by password only. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { data, account } = options
  if (existsSync(join(data, 'PG_VERSION'))) return
  const draft = `${data}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  const passwordFile = `${data}.password-${randomBytes(6).toString('hex')}`
  writeFileSync(passwordFile, options.password, { mode: 0o600, flag: 'wx' })
  if (account !== undefined)
    for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid)
  try {
    await runInitdb(
      join(options.native, 'bin', 'initdb'),
      [
        `--pgdata=${draft}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
        ...(options.passing ? ['--no-sync'] : []),
      ],
      account,
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(draft, data)
}

async function runInitdb(command: string, args: string[], account: Account | undefined): Promise<void> {
  const initdb = spawn(command, args, {
    cwd: '/',
    env: postgresEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(account ?? {}),
  })
  let output = ''
  initdb.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  initdb.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  initdb.once('error', reject)
  initdb.once('close', (code) =>
    code === 0 ? resolve() : reject(new Error(`initdb failed (exit code ${code}):\n${output.trim()}`)),
  )
  await promise
}

/**
 * Removes the pid file of a server that was killed, where its process id now belongs to another program: Postgres itself
 * would take that program for a running server.
 */
export function removeStalePidFile(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  try {
    const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    if (command !== 'postgres') rmSync(file, { force: true })
  } catch {
    // No such process, or no /proc: Postgres sees for itself.
  }
}

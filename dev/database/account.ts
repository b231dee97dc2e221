/**
 * Postgres refuses to run as root. Started by root, it therefore runs under another account: the one that owns the data
 * already, else `postgres`, which is made when it is missing. Started by anybody else it runs as that person.
 */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import type { Account } from '../child/program.ts'

const name = 'postgres'

/** Runs a small system command; `/usr/sbin` is often missing on the PATH of a service. */
function ask(command: string, args: string[], account?: Account): { ok: boolean; output: string } {
  const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`
  const answer = spawnSync(command, args, { encoding: 'utf8', cwd: '/', env: { PATH }, ...(account ?? {}) })
  return { ok: answer.status === 0, output: (answer.stdout ?? '').trim() }
}

function lookUp(): Account | undefined {
  const uid = ask('id', ['-u', name])
  const gid = ask('id', ['-g', name])
  return uid.ok && gid.ok ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined
}

/**
 * The account Postgres has to run as, or undefined when it can run as ourselves.
 *
 * @param existing a data folder that may be there from an earlier run
 * @throws Error if run as root without any usable account
 */
export function databaseAccount(existing?: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  if (existing !== undefined) {
    const owner = statSync(existing, { throwIfNoEntry: false })
    if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  }
  const found = lookUp()
  if (found !== undefined) return found
  ask('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name])
  const made = lookUp()
  if (made !== undefined) return made
  throw new Error(
    `Postgres cannot run as root, and an account "${name}" could not be made. ` +
      'Make one, run this as an ordinary user, or set DATABASE_URL to a database that is there already.',
  )
}

/** Whether the account can enter the folder, all folders above included. Asked of the system, for there are ACLs too. */
export function canEnter(folder: string, account: Account | undefined): boolean {
  return account === undefined || ask('/bin/sh', ['-c', 'cd "$0"', folder], account).ok
}

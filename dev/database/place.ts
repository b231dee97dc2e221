/**
 * Where Postgres' files lie. Normally: the data under the stack's own folder, the programs in node_modules. But a root-run
 * stack may sit in a folder that only root can enter (a checkout under /root or mktemp -d), while Postgres runs under
 * another account. Then both go to /var/tmp, the data folder linked from where it would have been.
 *
 * Folders in /var/tmp are ours only if root owns them: anybody may create a name there first. What belongs to checkouts
 * that are gone is swept on the next start.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Account } from '../child/program.ts'
import { canEnter } from './account.ts'

const commonGround = '/var/tmp'

/** Makes a folder in common ground that everybody may enter and only root may change, or finds it. */
function ownFolder(folder: string): void {
  mkdirSync(folder, { mode: 0o755, recursive: true })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== 0) throw new Error(`${folder} is there but not ours. Remove it.`)
  chmodSync(folder, 0o755)
}

/** Lets everybody read what lies in the folder, whatever the umask was when npm wrote it. */
function openToAll(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o755)
    else if (entry.isFile()) chmodSync(path, entry.parentPath === join(folder, 'bin') ? 0o755 : 0o644)
  }
}

/** Whether a data folder is in use: its pid file names a living process. */
function inUse(data: string): boolean {
  try {
    process.kill(Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10), 0)
    return true
  } catch {
    return false
  }
}

function sweepOrphans(): void {
  for (const name of readdirSync(commonGround).filter((entry) => entry.startsWith('assent-data-'))) {
    const folder = join(commonGround, name)
    try {
      const home = readFileSync(join(folder, 'home'), 'utf8')
      if (!existsSync(home) && !inUse(join(folder, 'data'))) rmSync(folder, { recursive: true, force: true })
    } catch {
      // Just being made, or not ours: left alone.
    }
  }
}

/**
 * The folder for data that stays, made if need be (the data folder itself is not).
 *
 * @param wanted where the data lies unless the account cannot go there
 */
export function lastingPlace(wanted: string, account: Account | undefined): string {
  const home = dirname(wanted)
  mkdirSync(home, { recursive: true })
  const entry = lstatSync(wanted, { throwIfNoEntry: false })
  const linked = entry?.isSymbolicLink() === true
  if (account === undefined) return wanted
  if (!linked && canEnter(home, account)) return wanted
  if (entry?.isDirectory() === true)
    throw new Error(
      `The account Postgres runs as cannot enter ${wanted}. Move the checkout, or remove that folder.`,
    )
  sweepOrphans()
  const elsewhere = join(
    commonGround,
    `assent-data-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`,
  )
  ownFolder(elsewhere)
  writeFileSync(join(elsewhere, 'home'), home)
  const data = join(elsewhere, 'data')
  if (!linked || readlinkSync(wanted) !== data) {
    rmSync(wanted, { force: true })
    symlinkSync(data, wanted)
  }
  return data
}

/** A new folder for data that is thrown away, in which the account may create things. */
export function passingPlace(account: Account | undefined): string {
  const base = canEnter(tmpdir(), account) ? tmpdir() : commonGround
  const folder = mkdtempSync(join(base, 'assent-test-'))
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  return folder
}

/**
 * The folder of Postgres' programs as the account can reach it.
 *
 * @param native where npm put them
 * @param version tells copies of different versions apart
 */
export function programPlace(native: string, version: string, account: Account | undefined): string {
  if (canEnter(join(native, 'bin'), account)) return native
  const copy = join(commonGround, `assent-postgres-${version}-${process.arch}`)
  if (!existsSync(copy)) {
    const part = `${copy}.${process.pid}`
    cpSync(native, part, { recursive: true, verbatimSymlinks: true })
    openToAll(part)
    try {
      renameSync(part, copy)
    } catch (error) {
      rmSync(part, { recursive: true, force: true })
      if (!existsSync(copy)) throw error
    }
  }
  ownFolder(copy)
  return copy
}

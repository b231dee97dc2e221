/**
 * The stack's own folder, `.assent/` in the checkout or where ASSENT_HOME says: data, keys, logs, and a lock, for only one
 * stack may live in it. The lock names the supervisor and its parts by process id and start time, so that a run that
 * was killed is distinguished from a live one even if its process ids were reused.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Child } from './child/child.ts'

const processShape = z.object({ name: z.string(), pid: z.number(), started: z.string() })
const lockShape = z.object({ supervisor: processShape, parts: z.array(processShape) })
type Process = z.infer<typeof processShape>

/** Another stack lives in the folder. */
export class HomeTaken extends Error {
  override readonly name = 'HomeTaken'
}

export interface Home {
  readonly folder: string
  /** The path of something in the folder. */
  path(...names: string[]): string
  /** Notes a part, so that the next run can make sure that it is gone. */
  note(child: Child): void
  release(): void
}

/** The checkout. */
export const checkout = fileURLToPath(new URL('..', import.meta.url))

export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  const chosen = env.ASSENT_HOME
  return chosen === undefined || chosen === '' ? join(checkout, '.assent') : resolve(chosen)
}

/**
 * When the process began, as the system counts; the same id with another beginning is another process. Empty where the
 * system does not say (no /proc).
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field may hold spaces and brackets; the others are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is dead, although its parent has not collected it yet.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    return ''
  }
}

function isAlive(process_: Process): boolean {
  try {
    process.kill(process_.pid, 0)
  } catch (error) {
    // EPERM means that the process exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM' && startMatches(process_)
  }
  return startMatches(process_)
}

function startMatches({ pid, started }: Process): boolean {
  return startOf(pid) === started
}

/**
 * Makes the folder and takes its lock. Waits for parts of a killed run to end, and ends those that do not.
 *
 * @param say prints a line if that takes a while
 * @throws HomeTaken when a stack runs in the folder, Error when it cannot be written to
 */
export async function takeHome(folder: string, say: (line: string) => void): Promise<Home> {
  const lockFile = join(folder, 'lock')
  try {
    mkdirSync(folder, { recursive: true })
    mkdirSync(join(folder, 'logs'), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(
      `${folder} cannot be created or written to. Set ASSENT_HOME to another folder. ${error instanceof Error ? error.message : error}`,
    )
  }
  const supervisor: Process = { name: 'supervisor', pid: process.pid, started: startOf(process.pid) }
  const parts: Process[] = []
  const text = (): string => JSON.stringify({ supervisor, parts })
  for (;;) {
    try {
      writeFileSync(lockFile, text(), { flag: 'wx', mode: 0o600 })
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
        throw new Error(`${folder} cannot be written to: ${error instanceof Error ? error.message : error}`)
      await clearStaleLock(lockFile, folder, say)
    }
  }
  return {
    folder,
    path: (...names) => join(folder, ...names),
    note: (child) => {
      for (const pid of child.pids) parts.push({ name: child.name, pid, started: startOf(pid) })
      writeFileSync(`${lockFile}.new`, text(), { mode: 0o600 })
      renameSync(`${lockFile}.new`, lockFile)
    },
    release: () => rmSync(lockFile, { force: true }),
  }
}

async function clearStaleLock(lockFile: string, folder: string, say: (line: string) => void): Promise<void> {
  const left = readLock(lockFile)
  if (left !== undefined && isAlive(left.supervisor))
    throw new HomeTaken(
      `A stack already runs in ${folder} (process ${left.supervisor.pid}). ` +
        'Stop it, or set ASSENT_HOME to another folder (and PORT=0 for free ports).',
    )
  const parts = left?.parts ?? []
  for (let tries = 0; parts.some(isAlive); tries++) {
    if (tries === 10) say('An earlier run was killed. Waiting for its processes to end.')
    if (tries === 150) for (const part of parts.filter(isAlive)) process.kill(part.pid, 'SIGKILL')
    if (tries === 200)
      throw new Error(
        `Processes of an earlier run do not end. End them by hand: ${JSON.stringify(parts.filter(isAlive))}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  rmSync(lockFile, { force: true })
}

function readLock(file: string): z.infer<typeof lockShape> | undefined {
  try {
    return lockShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

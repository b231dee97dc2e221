/**
 * The place of a Temporal binary we downloaded or built, kept between checkouts. Its name tells exactly what it is: the
 * tool's version, what go.mod and go.sum say, the platform. It appears by rename, whole; and one process at a time makes it.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliVersion } from './version.ts'

/** The folder with go.mod and go.sum. */
export const moduleFolder = fileURLToPath(new URL('.', import.meta.url))

function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'assent')
}

/** Where the binary for this checkout lies, or would. */
export function cachedBinary(folder = cacheFolder()): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, file)))
  const name = `temporal-${cliVersion}-${hash.digest('hex').slice(0, 12)}-${process.platform}-${process.arch}`
  return join(folder, name)
}

const beatMs = 2_000
/** A lock not touched for so long belongs to a process that is gone. */
const staleMs = 15_000

function isStale(lock: string): boolean {
  const stat = statSync(lock, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > staleMs
}

/**
 * Makes the file unless it is there, or waits while another process makes it.
 *
 * @param make writes the file (by rename, at its very end)
 * @param onWait called once when another process is at it
 */
export async function makeOnce(file: string, make: () => Promise<void>, onWait: () => void): Promise<void> {
  mkdirSync(join(file, '..'), { recursive: true })
  const lock = `${file}.lock`
  let told = false
  while (!existsSync(file)) {
    if (!take(lock)) {
      if (!told) onWait()
      told = true
      await new Promise((resolve) => setTimeout(resolve, 300))
      continue
    }
    const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), beatMs)
    try {
      if (!existsSync(file)) await make()
    } finally {
      clearInterval(beat)
      rmSync(lock, { force: true })
    }
    return
  }
}

function take(lock: string): boolean {
  if (isStale(lock)) rmSync(lock, { force: true })
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

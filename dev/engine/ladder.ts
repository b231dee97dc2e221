/**
 * The ways to a Temporal server program, cheapest first: a `temporal` on the PATH that is new enough, our cached
 * binary, the official download, a build with Go. (An engine named by TEMPORAL_ADDRESS comes before all of them, see
 * start.ts.)
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { buildTemporal, findGo } from './build.ts'
import { cachedBinary, makeOnce } from './cache.ts'
import { downloadTemporal } from './download.ts'
import { askVersion, cliVersion, isNewEnough } from './version.ts'

export interface LadderOptions {
  /** Prints progress of slow work. */
  readonly say: (line: string) => void
  /** The search path; process.env.PATH unless a test gives another. */
  readonly path?: string
  /** Where the cached binary lies, unless a test gives another place. */
  readonly cached?: string
  /** The download service, unless a test gives another. */
  readonly service?: string
}

/**
 * The path of a `temporal` program that can serve us.
 *
 * @throws Error that says what to install, when every way is barred
 */
export async function temporalProgram(options: LadderOptions): Promise<string> {
  const path = options.path ?? process.env.PATH ?? ''
  const cached = options.cached ?? cachedBinary()
  const installed = await installedProgram(path, options.say)
  if (installed !== undefined) return installed
  if (!existsSync(cached)) {
    options.say(longBefore(findGo(path) !== undefined))
    await makeOnce(
      cached,
      () => make(cached, path, options),
      () => options.say('Another process is fetching the Temporal server. Waiting for it.'),
    )
  }
  return cached
}

/** A `temporal` on the path that can serve us. */
async function installedProgram(path: string, say: (line: string) => void): Promise<string | undefined> {
  const installed = path
    .split(delimiter)
    .map((folder) => join(folder, 'temporal'))
    .find((file) => existsSync(file))
  if (installed === undefined) return undefined
  const version = await askVersion(installed)
  if (version !== undefined && isNewEnough(version)) return installed
  say(`${installed} is too old (${version ?? 'no answer'}). Looking for another.`)
  return undefined
}

/** What will take long at the first start, and how to avoid it. */
function longBefore(hasGo: boolean): string {
  const ways = hasGo
    ? 'It is downloaded (about a minute) or, where that fails, built with Go (about ten minutes).'
    : 'It is downloaded (about a minute).'
  return (
    `The Temporal server is not here yet; this happens once. ${ways}\n` +
    '  To avoid it: stop with Ctrl-C, put a `temporal` on the PATH (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.'
  )
}

async function make(cached: string, path: string, options: LadderOptions): Promise<void> {
  options.say(`Downloading the Temporal server (tool ${cliVersion}).`)
  try {
    await downloadTemporal(cached, options.say, options.service)
    return
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    options.say(`The download failed (${why}).`)
  }
  const go = findGo(path)
  if (go === undefined)
    throw new Error(
      'No Temporal server was found: none is on the PATH, the download failed, and Go is not installed. ' +
        'Install one of: Go 1.21 or newer (https://go.dev/dl), the Temporal CLI (https://docs.temporal.io/cli), ' +
        'or set TEMPORAL_ADDRESS to a server that runs already.',
    )
  options.say('Building it with Go.')
  await buildTemporal(go, cached, options.say)
}

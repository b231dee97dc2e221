/**
 * The ways to a Temporal server program, cheapest first: a `temporal` on the PATH that is new enough, our cached binary, the
 * official download, a build with Go. (An engine named by TEMPORAL_ADDRESS comes before all of them, see start.ts.)
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { buildTemporal, findGo } from './build.ts'
import { cachedBinary, makeOnce } from './cache.ts'
import { downloadTemporal } from './download.ts'
import { askVersion, cliVersion, isNewEnough } from './version.ts'

export interface LadderOptions {
  /** Told what takes long. */
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
  const installed = path
    .split(delimiter)
    .map((folder) => join(folder, 'temporal'))
    .find((file) => existsSync(file))
  if (installed !== undefined) {
    const version = await askVersion(installed)
    if (version !== undefined && isNewEnough(version)) return installed
    options.say(`${installed} is too old (${version ?? 'no answer'}), looking further`)
  }
  if (!existsSync(cached))
    await makeOnce(
      cached,
      () => make(cached, path, options),
      () => options.say('waiting for another process that fetches the Temporal server'),
    )
  return cached
}

async function make(cached: string, path: string, options: LadderOptions): Promise<void> {
  options.say(`fetching the Temporal server (tool ${cliVersion}), once`)
  try {
    await downloadTemporal(cached, options.service)
    return
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    options.say(`no download (${why})`)
  }
  const go = findGo(path)
  if (go === undefined)
    throw new Error(
      'No Temporal server to be had: there is none on the PATH, the download failed, and Go is not installed. ' +
        'Install one of: Go 1.21 or newer (https://go.dev/dl), the Temporal CLI (https://docs.temporal.io/cli), ' +
        'or set TEMPORAL_ADDRESS to a server that runs already.',
    )
  options.say('building it with Go, once: some minutes')
  await buildTemporal(go, cached, options.say)
}

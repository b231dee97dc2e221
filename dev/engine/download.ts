/**
 * Downloads Temporal's official command line tool, asking the same service as Temporal's own test library. Where that
 * service cannot be reached it fails within seconds, so that the next way can be tried.
 */
import { spawn } from 'node:child_process'
import { chmodSync, createWriteStream, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { Progress } from './progress.ts'
import { askVersion, cliVersion, isNewEnough } from './version.ts'

const answerShape = z.object({ archiveUrl: z.string(), fileToExtract: z.string() })

const platforms: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' }
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * Puts the tool at `target`.
 *
 * @param say prints the progress
 * @param service the address of the download service, given by tests
 * @throws Error when it cannot be had
 */
export async function downloadTemporal(
  target: string,
  say: (line: string) => void,
  service = 'https://temporal.download',
): Promise<void> {
  const platform = platforms[process.platform]
  const arch = architectures[process.arch]
  if (platform === undefined || arch === undefined) throw new Error('there is no release for this platform')
  const query = new URLSearchParams({
    platform,
    arch,
    format: 'tar.gz',
    'sdk-name': 'assent',
    'sdk-version': '0',
  })
  const answer = await fetch(`${service}/cli/v${cliVersion}?${query}`, { signal: AbortSignal.timeout(6_000) })
  if (!answer.ok) throw new Error(`the download service answered ${answer.status}`)
  const { archiveUrl, fileToExtract } = answerShape.parse(await answer.json())
  const folder = mkdtempSync(join(dirname(target), 'download-'))
  try {
    const archive = join(folder, 'archive.tar.gz')
    const body = await fetch(archiveUrl, { signal: AbortSignal.timeout(300_000) })
    if (!body.ok || body.body === null) throw new Error(`the archive's server answered ${body.status}`)
    const megabytes = Math.round(Number(body.headers.get('Content-Length') ?? 0) / 1_000_000)
    const progress = new Progress({ say, what: 'downloading', all: megabytes, unit: 'MB' })
    try {
      await pipeline(Readable.fromWeb(body.body), counted(progress), createWriteStream(archive))
    } finally {
      progress.end()
    }
    await unpack(archive, folder, fileToExtract)
    const binary = join(folder, fileToExtract)
    chmodSync(binary, 0o755)
    const version = await askVersion(binary)
    if (version === undefined || !isNewEnough(version)) throw new Error(`what came is too old: ${version}`)
    renameSync(binary, target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Passes everything through, and counts the megabytes. */
function counted(progress: Progress): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const before = Math.floor(bytes / 1_000_000)
      bytes += chunk.length
      progress.add(Math.floor(bytes / 1_000_000) - before)
      done(null, chunk)
    },
  })
}

async function unpack(archive: string, folder: string, file: string): Promise<void> {
  const tar = spawn('tar', ['-xzf', archive, '-C', folder, file], { stdio: 'ignore' })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  tar.once('error', reject)
  tar.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))))
  await promise
}

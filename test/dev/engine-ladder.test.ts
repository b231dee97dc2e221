import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeOnce } from '../../dev/engine/cache.ts'
import { temporalProgram } from '../../dev/engine/ladder.ts'
import { isNewEnough, serverVersion } from '../../dev/engine/version.ts'
import { listen } from './listen.ts'

let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assent-ladder-'))
})
afterEach(() => {
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** A program that says it is Temporal. */
function program(file: string, version: string): string {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, `#!/bin/sh\necho "temporal version 1.0.0 (Server ${version}, UI 2.0.0)"\n`)
  chmodSync(file, 0o755)
  return file
}

/** A stand-in for the download service that offers a program of that version. */
async function service(version: string): Promise<string> {
  program(join(folder, 'offer', 'temporal'), version)
  const archive = join(folder, 'offer.tar.gz')
  execFileSync('tar', ['-czf', archive, '-C', join(folder, 'offer'), 'temporal'])
  server = createServer((request, response) => {
    const here = `http://${request.headers.host}`
    if (request.url === '/archive') response.end(readFileSync(archive))
    else response.end(JSON.stringify({ archiveUrl: `${here}/archive`, fileToExtract: 'temporal' }))
  })
  return listen(server)
}

const nowhere = 'http://127.0.0.1:9'
const quiet = (): void => {}

test('the server version is read from what the tool says of itself', () => {
  expect(serverVersion('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)')).toEqual([1, 32])
  expect(serverVersion('temporal version 0.13.0')).toBeUndefined()
  expect(isNewEnough('(Server 1.31.9')).toBe(false)
  expect(isNewEnough('(Server 1.32.0')).toBe(true)
  expect(isNewEnough('(Server 2.0.0')).toBe(true)
})

test('a new enough program on the PATH is taken as it is', async () => {
  const file = program(join(folder, 'bin', 'temporal'), '1.33.1')
  const cached = program(join(folder, 'cached'), '1.32.0')
  expect(await temporalProgram({ path: join(folder, 'bin'), cached, service: nowhere, say: quiet })).toBe(
    file,
  )
})

test('a program on the PATH that is too old is skipped, with a message', async () => {
  program(join(folder, 'bin', 'temporal'), '1.31.0')
  const cached = program(join(folder, 'cached'), '1.32.0')
  const said: string[] = []
  const found = await temporalProgram({
    path: join(folder, 'bin'),
    cached,
    service: nowhere,
    say: (line) => said.push(line),
  })
  expect(found).toBe(cached)
  expect(said.join()).toContain('too old')
})

test('the official download comes before a build, and is kept', async () => {
  const cached = join(folder, 'cache', 'temporal')
  const options = { path: '', cached, service: await service('1.32.0'), say: quiet }
  expect(await temporalProgram(options)).toBe(cached)
  expect(execFileSync(cached, { encoding: 'utf8' })).toContain('Server 1.32.0')
  expect(await temporalProgram({ ...options, service: nowhere })).toBe(cached)
})

test('many that need it at once fetch it once', async () => {
  const file = join(folder, 'cache', 'temporal')
  let made = 0
  const make = async (): Promise<void> => {
    made++
    await new Promise((resolve) => setTimeout(resolve, 200))
    writeFileSync(file, '')
  }
  await Promise.all([1, 2, 3].map(() => makeOnce(file, make, quiet)))
  expect(made).toBe(1)
  expect(existsSync(`${file}.lock`)).toBe(false)
})

test('the lock of a process that was killed does not hold up the next for ever', async () => {
  const file = join(folder, 'temporal')
  writeFileSync(`${file}.lock`, '0')
  utimesSync(`${file}.lock`, new Date(0), new Date(0))
  await makeOnce(file, async () => writeFileSync(file, ''), quiet)
  expect(existsSync(file)).toBe(true)
})

test('a build that fails leaves no lock and nothing half made', async () => {
  const file = join(folder, 'temporal')
  await expect(makeOnce(file, () => Promise.reject(new Error('no')), quiet)).rejects.toThrow('no')
  expect(existsSync(`${file}.lock`)).toBe(false)
})

/** A stand-in for Go: lists ten packages to compile, of which two are in modules to download, and builds a program. */
function goThatBuilds(): string {
  const file = join(folder, 'go', 'go')
  mkdirSync(join(folder, 'go'), { recursive: true })
  writeFileSync(
    file,
    `#!/bin/sh
case "$1" in
list) echo 'go: downloading example.com/a v1' >&2; echo 'go: downloading example.com/b v1' >&2
  for one in 1 2 3 4 5 6 7 8 9 10; do echo "example.com/$one"; done ;;
build) for one in 1 2 3 4 5 6 7 8 9 10; do echo "example.com/$one" >&2; done
  while [ "$1" != -o ]; do shift; done
  printf '#!/bin/sh\\necho "temporal version 1.0.0 (Server 1.33.0, UI 2.0.0)"\\n' > "$2"; chmod +x "$2" ;;
esac
`,
  )
  chmodSync(file, 0o755)
  return join(folder, 'go')
}

test('a first start says what takes long and how to avoid it, and how far the build is', async () => {
  const cached = join(folder, 'cache', 'temporal')
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  expect(await temporalProgram({ path: goThatBuilds(), cached, service: nowhere, say })).toBe(cached)
  expect(execFileSync(cached, { encoding: 'utf8' })).toContain('Server 1.33.0')
  expect(said[0]).toContain('temporal` on the PATH')
  expect(said[0]).toContain('TEMPORAL_ADDRESS')
  expect(said.join('\n')).toMatch(/downloading: \d+ of \d+ modules at most \(\d+ %\)/)
  expect(said.at(-1)).toBe('compiling: 10 of 10 packages (100 %)')
})

test('nothing is printed if a program is found', async () => {
  const said: string[] = []
  program(join(folder, 'bin', 'temporal'), '1.33.1')
  const cached = join(folder, 'none')
  await temporalProgram({
    path: join(folder, 'bin'),
    cached,
    service: nowhere,
    say: (line) => said.push(line),
  })
  expect(said).toEqual([])
})

/**
 * Builds Temporal's command line tool with Go, exactly the versions of go.mod and go.sum here. A tool module of our own is
 * needed since the tool's go.mod has a relative `replace`, which `go install` refuses. It takes minutes, once.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { moduleFolder } from './cache.ts'
import { Progress } from './progress.ts'

/** Go's program: on the PATH, or where its installer puts it. */
export function findGo(path = process.env.PATH ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/local/go/bin']
  return folders.map((folder) => join(folder, 'go')).find((file) => existsSync(file))
}

const tool = 'github.com/temporalio/cli/cmd/temporal'
const flags = ['-trimpath', '-mod=readonly', '-ldflags', '-s -w']

/**
 * Puts the tool at `target`.
 *
 * @param say prints the progress
 * @throws Error with the compiler's last words
 */
export async function buildTemporal(go: string, target: string, say: (line: string) => void): Promise<void> {
  const draft = `${target}.${process.pid}`
  const stale = await packagesToCompile(go, say)
  const compiling = new Progress({ say, what: 'compiling', all: stale, unit: 'packages' })
  const remove = (): void => rmSync(draft, { force: true })
  process.once('exit', remove)
  try {
    // With -v each package is named once it is compiled.
    await run(go, ['build', '-v', ...flags, '-o', draft, tool], {
      onError: (line) => {
        if (!line.startsWith('go: ')) compiling.add(1)
      },
    })
    renameSync(draft, target)
  } finally {
    compiling.end()
    process.off('exit', remove)
    remove()
  }
}

/** How many packages are not in Go's own cache. Downloads the modules they are in, which is half of the work. */
async function packagesToCompile(go: string, say: (line: string) => void): Promise<number> {
  const modules = readFileSync(join(moduleFolder, 'go.mod'), 'utf8').match(/^\s+\S+ v\S+/gm)?.length ?? 0
  const downloading = new Progress({ say, what: 'downloading', all: modules, unit: 'modules at most' })
  let stale = 0
  try {
    await run(go, ['list', '-deps', ...flags, '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', tool], {
      onError: (line) => {
        if (line.startsWith('go: downloading ')) downloading.add(1)
      },
      onOutput: (line) => {
        if (line.trim() !== '') stale += 1
      },
    })
  } finally {
    downloading.end()
  }
  return stale
}

/** @throws Error with the program's last words */
async function run(
  go: string,
  args: readonly string[],
  hear: { onOutput?: (line: string) => void; onError: (line: string) => void },
): Promise<void> {
  const child = spawn(go, args, {
    cwd: moduleFolder,
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', end)
  const last: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => hear.onOutput?.(line))
  createInterface({ input: child.stderr }).on('line', (line) => {
    last.push(line)
    if (last.length > 15) last.shift()
    hear.onError(line)
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  try {
    const code = await promise
    if (code !== 0) throw new Error(`go ${args[0]} ended with ${code}:\n${last.join('\n')}`)
  } finally {
    process.off('exit', end)
  }
}

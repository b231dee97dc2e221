/**
 * Builds Temporal's command line tool with Go, exactly the versions of go.mod and go.sum here. A tool module of our own is
 * needed since the tool's go.mod has a relative `replace`, which `go install` refuses. It takes minutes, once.
 */
import { spawn } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { moduleFolder } from './cache.ts'

const reportEveryMs = 10_000

/** Go's program: on the PATH, or where its installer puts it. */
export function findGo(path = process.env.PATH ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/local/go/bin']
  return folders.map((folder) => join(folder, 'go')).find((file) => existsSync(file))
}

/**
 * Puts the tool at `target`.
 *
 * @param say told every few seconds how it goes
 * @throws Error with the compiler's last words
 */
export async function buildTemporal(go: string, target: string, say: (line: string) => void): Promise<void> {
  const draft = `${target}.${process.pid}`
  const began = Date.now()
  let doing = 'starts'
  let output = ''
  const args = ['build', '-v', '-trimpath', '-mod=readonly', '-ldflags', '-s -w', '-o', draft]
  const build = spawn(go, [...args, 'github.com/temporalio/cli/cmd/temporal'], {
    cwd: moduleFolder,
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8_000)
    const last = output.trimEnd().split('\n').at(-1) ?? ''
    doing = last.startsWith('go: downloading') ? last.slice(4) : `compiling ${last}`
  }
  build.stdout.on('data', listen)
  build.stderr.on('data', listen)
  const report = setInterval(() => say(`${elapsed(began)} · ${doing}`.slice(0, 110)), reportEveryMs)
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  build.once('error', reject)
  build.once('close', resolve)
  const end = (): void => {
    build.kill('SIGKILL')
    rmSync(draft, { force: true })
  }
  process.once('exit', end)
  try {
    const code = await promise
    if (code !== 0)
      throw new Error(`go build ended with ${code}:\n${output.trim().split('\n').slice(-15).join('\n')}`)
    renameSync(draft, target)
  } finally {
    clearInterval(report)
    process.off('exit', end)
    rmSync(draft, { force: true })
  }
}

function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`
}

/**
 * `npm test`: type check, lint, then all tests; stops at the first that fails, with its exit code. Arguments go to vitest.
 * The last line is plain: `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { provideBrowser } from './browser.ts'
import { checkout } from './home.ts'

const bin = join(checkout, 'node_modules', '.bin')

async function run(title: string, command: string, args: readonly string[]): Promise<void> {
  process.stdout.write(`\n== ${title}\n`)
  const began = Date.now()
  const child = spawn(join(bin, command), args, { cwd: checkout, stdio: 'inherit' })
  // The terminal's signals reach the child as well; we stay until it has cleaned up.
  const passOn = (signal: NodeJS.Signals): void => {
    child.kill(signal)
  }
  process.on('SIGTERM', passOn)
  process.on('SIGINT', () => {})
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 130))
  const code = await promise
  process.off('SIGTERM', passOn)
  if (code !== 0) process.exit(code)
  if (command !== 'vitest') process.stdout.write(`ok, ${((Date.now() - began) / 1000).toFixed(1)} s\n`)
}

await run('types', 'tsc', ['--noEmit', '-p', '.'])
await run('lint and format', 'biome', ['check', '--error-on-warnings', '.'])
provideBrowser((line) => process.stdout.write(`${line}\n`))
await run('tests', 'vitest', ['run', ...process.argv.slice(2)])

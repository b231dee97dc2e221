import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startGuarded } from '../../dev/child/guarded.ts'
import type { ProgramToRun } from '../../dev/child/program.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assent-child-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const program = (script: string, graceMs = 5_000): ProgramToRun => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: { PATH: process.env.PATH ?? '' },
  stopSignal: 'SIGTERM',
  graceMs,
  removeAtEnd: [],
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

test('a guarded program ends when the process that started it is killed, and its scratch folder goes', async () => {
  const scratch = join(folder, 'scratch')
  mkdirSync(scratch)
  const file = fileURLToPath(new URL('./orphan.ts', import.meta.url))
  const supervisor = fork(file, [join(folder, 'log'), scratch], { execArgv: [] })
  const [message]: unknown[] = await once(supervisor, 'message')
  const pids = z.array(z.number()).parse(message)
  expect(pids.every(isAlive)).toBe(true)
  supervisor.kill('SIGKILL')
  await vi.waitUntil(() => !pids.some(isAlive) && !existsSync(scratch), { timeout: 10_000 })
})

test('a program that does not heed the polite signal is ended by force after its grace period', async () => {
  const child = await startGuarded(
    'deaf',
    join(folder, 'log'),
    program('trap "" TERM; echo ready; while :; do sleep 0.1; done', 300),
  )
  await vi.waitUntil(() => readFileSync(join(folder, 'log'), 'utf8').includes('ready'))
  await child.stop()
  expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
})

test('a program whose guard is killed is not left alone', async () => {
  const child = await startGuarded('sleeper', join(folder, 'log'), program('exec sleep 1000'))
  const [guard = 0, sleeper = 0] = child.pids
  process.kill(guard, 'SIGKILL')
  await child.ended
  await vi.waitUntil(() => !isAlive(sleeper), { timeout: 10_000 })
})

test('a program that cannot be started is reported with its reason', async () => {
  const missing = { ...program(''), command: join(folder, 'missing') }
  await expect(startGuarded('missing', join(folder, 'log'), missing)).rejects.toThrow(
    /missing did not start.*ENOENT/,
  )
})

test('a program’s exit status and output are reported', async () => {
  const child = await startGuarded('failing', join(folder, 'log'), program('echo why; exit 3'))
  expect(await child.ended).toMatchObject({ code: 3, signal: null })
  expect(readFileSync(child.log, 'utf8')).toBe('why\n')
})

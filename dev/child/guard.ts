/**
 * Runs one program that is not ours (Postgres, the Temporal server) and promises that it never outlives the process that
 * asked for it. The guard is forked with an IPC channel; when that channel closes, for whatever reason, SIGKILL of the
 * parent included, the guard stops its program: politely first, by force after the grace period. It runs in a process
 * group of its own, so that a Ctrl-C meant for the terminal's group cannot stop parts out of order.
 *
 * Protocol: the parent sends one `Program`, hears `{ started: pid }`, later `{ ended: … }`, and may send `'stop'` or
 * `'kill'`. This file runs as a script and imports nothing of ours but types.
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { GuardMessage, ProgramToRun } from './program.ts'

function isProgram(message: unknown): message is ProgramToRun {
  return typeof message === 'object' && message !== null && 'command' in message
}

function tell(message: GuardMessage): void {
  if (process.connected) process.send?.(message)
}

function run(program: ProgramToRun): void {
  const child = spawn(program.command, program.args, {
    cwd: program.cwd ?? '/',
    env: program.env,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(program.account ?? {}),
  })
  let force: NodeJS.Timeout | undefined
  const stop = (): void => {
    if (force !== undefined) return
    force = setTimeout(() => child.kill('SIGKILL'), program.graceMs)
    child.kill(program.stopSignal)
  }
  const end = (message: GuardMessage): void => {
    for (const folder of program.removeAtEnd) rmSync(folder, { recursive: true, force: true })
    tell(message)
    process.exit(0)
  }
  child.once('spawn', () => tell({ started: child.pid ?? 0 }))
  child.once('error', (error) => end({ ended: { code: null, signal: null, error: error.message } }))
  child.once('exit', (code, signal) => end({ ended: { code, signal } }))
  process.on('message', (order) => {
    if (order === 'stop') stop()
    if (order === 'kill') child.kill('SIGKILL')
  })
  process.on('disconnect', stop)
  process.on('SIGTERM', stop)
}

process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
const leave = (): never => process.exit(0)
process.once('disconnect', leave)
process.once('message', (message) => {
  process.off('disconnect', leave)
  if (isProgram(message)) run(message)
  else process.exit(2)
})

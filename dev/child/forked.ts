/**
 * Starts one of our own processes (API, worker, mailbox). It says `{ ready: true, port? }` over IPC when it serves, ends in
 * an orderly way on SIGTERM, and ends by itself when the IPC channel closes because this process is gone.
 */
import { fork } from 'node:child_process'
import { type Child, describeEnding, lastLines, PartFailed, withLog } from './child.ts'
import type { Ending } from './program.ts'
import { noteRunning } from './running.ts'

export interface ForkOptions {
  readonly name: string
  /** The script to run. */
  readonly file: string
  readonly args?: readonly string[]
  /** The complete environment; nothing is inherited. */
  readonly env: Record<string, string>
  readonly cwd?: string
  readonly log: string
  /** How long it may take until it is ready, in milliseconds. */
  readonly readyWithinMs: number
  /** How long an orderly end may take before SIGKILL, in milliseconds. */
  readonly graceMs: number
}

export interface Ready {
  readonly child: Child
  /** The port it listens on, if it said so. */
  readonly port: number | undefined
}

function readyPort(message: unknown): { port: number | undefined } | undefined {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return undefined
  const port = 'port' in message && typeof message.port === 'number' ? message.port : undefined
  return message.ready === true ? { port } : undefined
}

/**
 * Starts the process and answers when it is ready.
 * @throws PartFailed when it ends before, or takes too long
 */
export async function startForked(options: ForkOptions): Promise<Ready> {
  const { name, log } = options
  const forked = withLog(log, (out) =>
    fork(options.file, options.args ?? [], {
      detached: true,
      execArgv: [],
      cwd: options.cwd ?? process.cwd(),
      env: options.env,
      stdio: ['ignore', out, out, 'ipc'],
    }),
  )
  const { promise: ended, resolve: settleEnded } = Promise.withResolvers<Ending>()
  const {
    promise: ready,
    resolve: settleReady,
    reject,
  } = Promise.withResolvers<{ port: number | undefined }>()
  forked.once('exit', (code, signal) => settleEnded({ code, signal }))
  forked.once('error', (error) => settleEnded({ code: null, signal: null, error: error.message }))
  forked.on('message', (message) => {
    const port = readyPort(message)
    if (port !== undefined) settleReady(port)
  })
  const pid = forked.pid ?? 0
  const child: Child = {
    name,
    pid,
    pids: [pid],
    ended,
    log,
    stop: async () => {
      forked.kill('SIGTERM')
      const force = setTimeout(() => forked.kill('SIGKILL'), options.graceMs)
      await ended
      clearTimeout(force)
    },
    kill: () => {
      forked.kill('SIGKILL')
    },
  }
  noteRunning(child)
  const late = setTimeout(() => {
    reject(
      new PartFailed(`${name} was not ready after ${options.readyWithinMs / 1000} s:\n${lastLines(log)}`),
    )
    child.kill()
  }, options.readyWithinMs)
  void ended.then((ending) =>
    reject(new PartFailed(`${name} did not start (${describeEnding(ending)}):\n${lastLines(log)}`)),
  )
  try {
    return { child, port: (await ready).port }
  } finally {
    clearTimeout(late)
  }
}

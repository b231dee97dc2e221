/** `node worker.ts` or `node server.ts` as a process of its own, which a test may end as a machine does: without a word. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readyShape = z.object({ ready: z.literal(true) })

export type WorkerProcess = {
  /** Resolves when it has ended, by whatever: with the signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>
  /** SIGKILL: nothing of it runs any more when this resolves. */
  kill(): Promise<void>
  /** SIGTERM, and its end. */
  stop(): Promise<void>
}

/**
 * Resolves once the worker polls.
 * @param more for example `ASSENT_FAILPOINTS: 'deliver:claimed=kill'`
 */
export function startWorkerProcess(
  environment: Record<string, string>,
  more: Record<string, string> = {},
): Promise<WorkerProcess> {
  return startProcess('worker.ts', { ...environment, ...more })
}

/** Resolves once the API listens. */
export function startServerProcess(
  environment: Record<string, string>,
  more: Record<string, string> = {},
): Promise<WorkerProcess> {
  return startProcess('server.ts', { ...environment, ...more })
}

async function startProcess(file: string, environment: Record<string, string>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env: { PATH: process.env.PATH, ...environment },
    // What it says goes where the tests' own words go; its IPC channel also ends it, should this process end first.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = endOf(child)
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message) => {
      if (readyShape.safeParse(message).success) resolve()
    })
  })
  const early = await Promise.race([ready, ended])
  if (early !== undefined || child.exitCode !== null) throw new Error(`${file} ended before it was ready`)
  return {
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function endOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  await once(child, 'exit')
  return child.signalCode
}

/** Starts a program that is not ours under a guard (guard.ts), so that it cannot outlive this process. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Child, describeEnding, lastLines, PartFailed, withLog } from './child.ts'
import type { Ending, GuardMessage, ProgramToRun } from './program.ts'
import { noteRunning } from './running.ts'

const guardFile = fileURLToPath(new URL('./guard.ts', import.meta.url))

function isGuardMessage(message: unknown): message is GuardMessage {
  return typeof message === 'object' && message !== null && ('started' in message || 'ended' in message)
}

/**
 * Starts the program and answers as soon as it runs (not: as soon as it is ready).
 * @throws PartFailed when it cannot be started
 */
export function startGuarded(name: string, log: string, program: ProgramToRun): Promise<Child> {
  const guard = withLog(log, (out) =>
    fork(guardFile, [], { detached: true, execArgv: [], stdio: ['ignore', out, out, 'ipc'] }),
  )
  const { promise: ended, resolve: settleEnded } = Promise.withResolvers<Ending>()
  const { promise: started, resolve: settleStarted, reject } = Promise.withResolvers<Child>()
  let programPid = 0
  let reported: Ending | undefined

  const order = (what: 'stop' | 'kill'): void => {
    if (guard.connected) guard.send(what, () => {})
  }
  guard.on('message', (message) => {
    if (!isGuardMessage(message)) return
    if ('ended' in message) {
      reported = message.ended
      return
    }
    programPid = message.started
    settleStarted({
      name,
      pid: programPid,
      pids: [guard.pid ?? programPid, programPid],
      ended,
      log,
      stop: async () => {
        order('stop')
        await ended
      },
      kill: () => order('kill'),
    })
  })
  guard.once('exit', (code, signal) => {
    // A guard that was itself killed has said nothing: its program must not be left alone.
    if (reported === undefined && programPid !== 0) killQuietly(programPid)
    const ending = reported ?? { code, signal }
    settleEnded(ending)
    reject(new PartFailed(`${name} did not start: ${describeEnding(ending)}\n${lastLines(log)}`.trimEnd()))
  })
  guard.once('error', (error) => reject(new PartFailed(`${name} did not start: ${error.message}`)))
  guard.send(program, () => {})
  noteRunning({ ended, kill: () => order('kill') })
  return started
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

/**
 * A running part of the stack, whether guarded (a foreign program) or forked (one of our own processes).
 * Both run in process groups of their own and end when the supervisor ends.
 */
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Ending } from './program.ts'

export interface Child {
  readonly name: string
  /** The process that does the work. */
  readonly pid: number
  /** Every process id that must be gone before the part counts as stopped (a guard and its program). */
  readonly pids: readonly number[]
  /** Settles when the part has ended, asked or not; never rejects. */
  readonly ended: Promise<Ending>
  /** The file that holds what the part printed. */
  readonly log: string
  /** Asks for an orderly end and waits for it; by force after a grace period. */
  stop(): Promise<void>
  /** Ends the part at once. */
  kill(): void
}

/** A part that did not start, or ended unasked. The message holds the last lines it printed. */
export class PartFailed extends Error {
  override readonly name = 'PartFailed'
}

/** "exit code 3" or "signal SIGKILL", for a person. */
export function describeEnding(ending: Ending): string {
  if (ending.error !== undefined) return ending.error
  if (ending.signal !== null) return `signal ${ending.signal}`
  return `exit code ${ending.code ?? 'unknown'}`
}

/** The last lines of a log, for a message about what went wrong. Empty when there is no such file. */
export function lastLines(file: string, count = 30): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}

/** Calls `use` with an open descriptor of the log, to be handed to a child, and closes ours after. */
export function withLog<T>(file: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(file, 'a', 0o600)
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Rejects with the reason as soon as the child ends, so that waiting for readiness does not outlast it. */
export async function failsIfEnded(child: Child, what: string): Promise<never> {
  const ending = await child.ended
  const tail = lastLines(child.log)
  throw new PartFailed(`${what} ended (${describeEnding(ending)})${tail === '' ? '' : `:\n${tail}`}`)
}

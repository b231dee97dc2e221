/** The messages between a supervisor and the guard of a program (see guard.ts). */

/** The operating system account a program runs as, where it must differ from ours. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** A program and how it wants to be stopped. */
export interface ProgramToRun {
  readonly command: string
  readonly args: readonly string[]
  /** The complete environment; nothing is inherited. */
  readonly env: Record<string, string>
  readonly cwd?: string
  readonly account?: Account
  /** The signal that asks for an orderly end. */
  readonly stopSignal: NodeJS.Signals
  /** How long an orderly end may take before SIGKILL, in milliseconds. */
  readonly graceMs: number
  /** Files and folders removed once the program has ended, even if the supervisor is gone by then. */
  readonly removeAtEnd: readonly string[]
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Set when the program could not be started at all. */
  readonly error?: string
}

export type GuardMessage = { readonly started: number } | { readonly ended: Ending }

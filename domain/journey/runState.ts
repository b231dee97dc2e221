/**
 * The states of a run, and how each move changes them. SQL and code take both from here (`transactions/runs/runStates.ts`).
 *
 * 1. A run is open while it is `running`, `waiting` or `paused`, and ends once. An ended run keeps its state.
 * 2. Only a resume ends a pause: every other move of a paused run leaves it `paused`.
 */
import type { RunEnd } from './machineTypes.ts'

export const runStates = [
  'running',
  'waiting',
  'paused',
  'completed',
  'exited',
  'cancelled',
  'failed',
] as const
export type RunState = (typeof runStates)[number]

/** What happens to an open run, its end aside. */
export const runMoves = [
  /** The run enters a wait. */
  'waits',
  /** Its wait is over. */
  'goes-on',
  /** Its journey is paused. */
  'pauses',
  /** Its journey is resumed: its workflow asks again. */
  'resumes',
] as const
export type RunMove = (typeof runMoves)[number]

/** For each move the states that it changes. A state that is not listed stays as it is. */
export const runTransitions: Readonly<Record<RunMove, Partial<Record<RunState, RunState>>>> = {
  waits: { running: 'waiting' },
  'goes-on': { waiting: 'running' },
  pauses: { running: 'paused', waiting: 'paused' },
  resumes: { paused: 'running' },
}

/** The state after a move. */
export function movedRun(state: RunState, move: RunMove): RunState {
  return runTransitions[move][state] ?? state
}

/** How a run ended, or null while it has not. */
export function endOf(run: { state: RunState; endReason: string | null }): RunEnd | null {
  switch (run.state) {
    case 'running':
    case 'waiting':
    case 'paused':
      return null
    case 'completed':
    case 'exited':
    case 'cancelled':
    case 'failed':
      return { state: run.state, reason: run.endReason ?? run.state }
    default:
      return run.state satisfies never
  }
}

/** States of a run that has not ended. */
export const openRunStates = runStates.filter((state) => endOf({ state, endReason: null }) === null)

/** The states of a run. */
import type { RunEnd } from './machineTypes.ts'

export type RunState = 'running' | 'waiting' | 'paused' | RunEnd['state']

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

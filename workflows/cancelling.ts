/**
 * Handles a cancel in Temporal: the row ends at once, so that nothing more is claimed. A hand-over in progress is still awaited, so the
 * loop runs in a scope that is not cancelled.
 */
import { CancellationScope } from '@temporalio/workflow'
import type { Driven } from '../activities/activities.ts'
import { ask } from './ask.ts'
import { patiently } from './patience.ts'

/** How a run or a request ended; `reason` is a code. */
export type End = { state: string; reason: string }

/** Call this in the workflow's root scope. */
export function onCancel(driven: Driven): {
  requested(): boolean
  /** Resolves to how the row ended. Null: no cancel was requested, or this cancel does not end the row. */
  end(): Promise<End | null>
} {
  let ending: Promise<End | null> | null = null
  CancellationScope.current().cancelRequested.catch(() => {
    ending = CancellationScope.nonCancellable(() => patiently(() => ask('cancel').cancel({ driven })))
  })
  return {
    requested: () => ending !== null,
    end: async () => ending,
  }
}

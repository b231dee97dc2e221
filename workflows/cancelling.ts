/**
 * A cancel in Temporal: the row ends at once, so that nothing more is claimed. A hand-over that is under way is heard to its end, so the
 * loop itself runs in a scope that is not cancelled.
 */
import { CancellationScope } from '@temporalio/workflow'
import type { Driven } from '../activities/activities.ts'
import { ask } from './ask.ts'
import { patiently } from './patience.ts'

/** How a run or a request ended; `reason` is a code. */
export type End = { state: string; reason: string }

/** Call it in the workflow's own scope. */
export function onCancel(driven: Driven): {
  requested(): boolean
  /** Once the row has ended: how. Null: nothing was asked to end it, or it does not end by this. */
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

/**
 * A counter that reveals when a namespace was restored to an earlier state: its count is then lower than the count Assent stored. The
 * memo holds the count, so it can be read without a worker.
 */
import {
  allHandlersFinished,
  condition,
  defineSignal,
  makeContinueAsNewFunc,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'

/** Sets the count. */
export const count = defineSignal<[number]>('count')

export async function beacon(start: number): Promise<never> {
  let reached = start
  setHandler(count, (generation) => {
    if (generation <= reached) return
    reached = generation
    upsertMemo({ generation })
  })
  await condition(() => workflowInfo().continueAsNewSuggested && allHandlersFinished())
  return makeContinueAsNewFunc<typeof beacon>({ memo: { generation: reached } })(reached)
}

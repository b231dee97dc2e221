/**
 * Counts, so that a namespace that was put back to an earlier state is recognised: its beacon has counted less far than Assent saw it
 * count. Its memo holds the count, which is read without a worker.
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

/** The count to go on to. */
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

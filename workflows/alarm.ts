/** One timer that is kept while the moment it waits for stays the same, so that a nudge costs no new timer. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { untilThen } from './clock.ts'

export type Alarm = {
  /** @param until RFC 3339 on the workflow's clock; null: never @param summary for the Temporal UI */
  set(until: string | null, summary: string): void
  /** Whether the moment has come. */
  rang(): boolean
  cancel(): void
}

export function alarm(): Alarm {
  let current: { until: string; rang: boolean; scope: CancellationScope } | null = null
  const cancel = () => {
    current?.scope.cancel()
    current = null
  }
  return {
    set: (until, summary) => {
      if (current?.until === until && !current.rang) return
      cancel()
      if (until === null) return
      const mine = { until, rang: false, scope: new CancellationScope() }
      current = mine
      mine.scope
        .run(async () => {
          await sleep(untilThen(until), { summary })
          mine.rang = true
        })
        .catch((error: unknown) => {
          if (!isCancellation(error)) throw error
        })
    },
    rang: () => current?.rang === true,
    cancel,
  }
}

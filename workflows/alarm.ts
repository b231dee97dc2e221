/** One timer, kept as long as its moment stays the same, so that a nudge does not create a new timer. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { untilThen } from './clock.ts'

export type Alarm = {
  /** @param until RFC 3339 on the workflow's clock; null: never @param summary for the Temporal UI */
  set(until: string | null, summary: string): void
  /** Whether the moment set last has been reached. */
  rang(): boolean
  cancel(): void
}

export function alarm(): Alarm {
  let running: { until: string; scope: CancellationScope } | null = null
  let rang = false
  const cancel = () => {
    running?.scope.cancel()
    running = null
    rang = false
  }
  return {
    set: (until, summary) => {
      if (running?.until === until) return
      cancel()
      if (until === null) return
      const scope = new CancellationScope()
      running = { until, scope }
      scope
        .run(async () => {
          await sleep(untilThen(until), { summary })
          running = null
          rang = true
        })
        .catch((error: unknown) => {
          if (!isCancellation(error)) throw error
        })
    },
    rang: () => rang,
    cancel,
  }
}

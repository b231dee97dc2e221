/** What the Temporal UI shows beside a step's activities and timers. Step ids and durations only, never what an author wrote. */
import { formatDuration } from './duration.ts'
import type { Effect } from './machine.ts'

/** `send remind`, `wait opened, 3 days`; Temporal takes at most 400 bytes. */
export function summaryOf(effect: Exclude<Effect, { type: 'end' }>): string {
  switch (effect.type) {
    case 'send':
      return `send ${effect.step}`
    case 'sleep':
      return `wait ${effect.step}, ${formatDuration(effect.ms)}`
    case 'sleepUntil':
      return `wait ${effect.step}, until its moment`
    case 'await':
      return `wait ${effect.step}, ${formatDuration(effect.timeoutMs)}`
    case 'evaluate':
      return `branch ${effect.step}`
    default:
      return effect satisfies never
  }
}

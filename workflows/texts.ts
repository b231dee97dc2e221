/** What operators read in the Temporal UI: current details of the workflow, and summaries of its timers. Ids, codes and times only. */
import type { Driven } from '../activities/activities.ts'
import type { Next } from '../domain/journey/next.ts'

type Wait = Extract<Next, { do: 'wait' }>

/** Summary of the timer that ends a wait. */
export function timerText({ until, what, why }: Wait): string {
  const name = why === 'confirmation' ? 'the confirmation' : what
  const verb = why === 'confirmation' ? 'wait for' : why === 'held' ? 'held' : 'wait'
  return `${verb} ${name}, until ${until}`
}

/** Current details while it waits. */
export function waitText(kind: Driven['kind'], { until, what, why, reason }: Wait): string {
  if (why === 'parked') return `parked (${what}): an operator has to look at it`
  const where = kind === 'run' ? `at step \`${what}\`` : what
  if (why === 'held')
    return `held ${where}: ${reason ?? 'not sent yet'}; tried again at ${until ?? 'a release'}`
  if (why === 'paused') return `paused ${where}`
  const end = until === null ? '' : ` until ${until}`
  return kind === 'run' ? `waiting ${where}${end}` : `waiting for the ${what}${end}`
}

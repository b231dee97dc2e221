/**
 * Which steps a message may follow: some way from the step comes to a send. A wait whose moment cannot be told ends the run there,
 * unless its author says otherwise, since that message could leave too early.
 */
import { nestedLists } from './definition.ts'
import type { Step } from './steps/index.ts'

/** The steps that some send may follow, those inside them not counted. */
export function followedBySend(steps: readonly Step[]): ReadonlySet<Step> {
  const followed = new Set<Step>()
  walkList(steps, false, followed)
  return followed
}

/** From the end, since a step knows what follows only then. @returns whether a send may come once the list is entered */
function walkList(steps: readonly Step[], below: boolean, into: Set<Step>): boolean {
  let ahead = below
  for (const step of steps.toReversed()) {
    if (ahead) into.add(step)
    const after = ahead
    const inside = nestedLists(step).map((list) => walkList(list.steps, after, into))
    // A step with ways may also go on below without taking one of them.
    if (step.type === 'send' || inside.includes(true)) ahead = true
    if (step.type === 'exit') ahead = false
  }
  return ahead
}

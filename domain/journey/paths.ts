/**
 * The ways a run can take, without running it: which steps can be reached, and what may have been sent before each. A step that
 * no way reaches is absent from the answer.
 */
import { awaitsOnlyOpensOrClicks } from './awaits.ts'
import type { JourneyDefinition, Step } from './definition.ts'

/** For each step that can be reached: ids of the send steps that some way to it passes. */
export type SendsBefore = ReadonlyMap<Step, ReadonlySet<string>>

/** Walks every way through the journey. Keyed by the step itself, since a definition that is still unchecked may repeat ids. */
export function sendsBefore(definition: JourneyDefinition): SendsBefore {
  const before = new Map<Step, ReadonlySet<string>>()
  walkList(definition.steps, new Set(), before)
  return before
}

/** What may have been sent when a list is through; null where no way comes out of it. */
type After = ReadonlySet<string> | null

function walkList(
  steps: readonly Step[],
  sent: ReadonlySet<string>,
  into: Map<Step, ReadonlySet<string>>,
): After {
  let after: After = sent
  for (const step of steps) {
    if (after === null) return null
    into.set(step, after)
    after = walkStep(step, after, into)
  }
  return after
}

function walkStep(step: Step, sent: ReadonlySet<string>, into: Map<Step, ReadonlySet<string>>): After {
  const way = (steps: readonly Step[] | undefined) => walkList(steps ?? [], sent, into)
  switch (step.type) {
    case 'send':
      return new Set([...sent, step.id])
    case 'wait':
      return sent
    case 'waitFor': {
      const ways = [...step.events.map((event) => way(event.steps)), way(step.onTimeout)]
      // Elsewhere a timeout never counts as untracked.
      if (awaitsOnlyOpensOrClicks(step)) ways.push(way(step.onUntracked))
      return union(ways)
    }
    case 'branch':
      return union([...step.cases.map((one) => way(one.steps)), way(step.otherwise)])
    case 'exit':
      return null
    default:
      return step satisfies never
  }
}

function union(ways: readonly After[]): After {
  const out = ways.filter((way) => way !== null)
  return out.length === 0 ? null : new Set(out.flatMap((way) => [...way]))
}

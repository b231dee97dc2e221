/**
 * The ways a run can take, without running it: which steps can be reached, and what may have been sent before each. A
 * step that no way reaches is absent from the answer.
 */
import type { JourneyDefinition } from './definition.ts'
import { type Step, stepOf } from './steps/index.ts'
import type { SentBy } from './steps/kind.ts'

/** For each step that can be reached: ids of the send steps on some way to it. */
export type SendsBefore = ReadonlyMap<Step, ReadonlySet<string>>

/**
 * Walks every way through the journey. Keyed by the step itself, since a definition that is still unchecked may repeat
 * ids.
 */
export function sendsBefore(definition: Pick<JourneyDefinition, 'steps'>): SendsBefore {
  const before = new Map<Step, ReadonlySet<string>>()
  walkList(definition.steps, new Set(), before)
  return before
}

/** @returns what may have been sent at the end of the list; null if no way leads out of it */
function walkList(
  steps: readonly Step[],
  sent: ReadonlySet<string>,
  into: Map<Step, ReadonlySet<string>>,
): SentBy {
  let after: SentBy = sent
  for (const step of steps) {
    if (after === null) return null
    const here = after
    into.set(step, here)
    after = stepOf(step).sentAfter({ sent: here, way: (list) => walkList(list ?? [], here, into) })
  }
  return after
}

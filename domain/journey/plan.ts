/**
 * The plan of a published version: what the machine needs to know of a journey. Step ids, types and durations; no texts, no
 * expressions, no message keys. It is compiled when a version is first read, and never stored.
 *
 * Nesting is gone: each way into a step is a step id, or null for "nothing comes below: the run is completed". The last step of
 * a nested list leads to what comes below its parent.
 */
import type { JourneyDefinition } from './definition.ts'
import type { Target } from './machineTypes.ts'
import { followedBySend } from './sendsAfter.ts'
import { type PlanStep, type Step, stepOf } from './steps/index.ts'

export type Plan = {
  /** The first step; null for a journey without steps. */
  start: Target
  steps: Record<string, PlanStep>
}

/**
 * The plan of a definition that `checkJourney` found without errors.
 *
 * @throws DurationError where a duration does not parse, TypeError where two steps share an id or a wait has neither `for` nor
 * `until`: such a definition was never checked.
 */
export function compilePlan(definition: Pick<JourneyDefinition, 'steps'>): Plan {
  const steps: Record<string, PlanStep> = {}
  const followed = followedBySend(definition.steps)
  return { start: compileList(definition.steps, null, { steps, followed }), steps }
}

type Compiling = { steps: Record<string, PlanStep>; followed: ReadonlySet<Step> }

/** Adds the steps of a list. @returns where the list begins, which is `below` for an empty one */
function compileList(list: readonly Step[], below: Target, plan: Compiling): Target {
  const { steps: into, followed } = plan
  list.forEach((step, i) => {
    if (Object.hasOwn(into, step.id)) throw new TypeError(`two steps have the id ${step.id}`)
    // Taken at once, so that the keys of the plan stand in the order of the definition.
    into[step.id] = { type: 'exit' }
    const next = list[i + 1]?.id ?? below
    into[step.id] = stepOf(step).compile({
      next,
      sendFollows: followed.has(step),
      way: (nested) => compileList(nested ?? [], next, plan),
    })
  })
  return list[0]?.id ?? below
}

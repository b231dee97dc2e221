/**
 * The plan: what a workflow may know of a journey. Step ids, types and durations; no texts, no expressions, no message keys.
 *
 * Nesting is gone: each way into a step is a step id, or null for "nothing comes below: the run is completed". The last step of
 * a nested list leads to what stands below its parent.
 */
import type { JourneyDefinition, Step } from './definition.ts'
import { parseDuration } from './duration.ts'

/** A step id, or null for the end of the journey. */
export type Target = string | null

export type Plan = {
  /** Changes when the form of a plan changes; older plans are kept with the versions they belong to. */
  planVersion: 1
  /** The first step; null for a journey without steps. */
  start: Target
  steps: Record<string, PlanStep>
}

export type PlanStep = PlanSend | PlanWait | PlanWaitFor | PlanBranch | PlanExit

export type PlanSend = {
  type: 'send'
  onBlocked: 'continue' | 'exit'
  /** Milliseconds a held message stays worth sending; null: no end. */
  expiresMs: number | null
  next: Target
}

/** `until` names no moment: an activity, which may read expressions and contacts, answers it. */
export type PlanWait =
  | { type: 'wait'; kind: 'for'; ms: number; next: Target }
  | { type: 'wait'; kind: 'until'; next: Target }

export type PlanWaitFor = {
  type: 'waitFor'
  timeoutMs: number
  /** Where each awaited event leads, in the order of the definition's `events`. */
  branches: Target[]
  onTimeout: Target
  onUntracked: Target
  /** What stands below. */
  next: Target
}

export type PlanBranch = {
  type: 'branch'
  /** Where each case leads, in the order of the definition's `cases`. */
  cases: Target[]
  otherwise: Target
  /** What stands below. */
  next: Target
}

export type PlanExit = { type: 'exit' }

/**
 * The plan of a definition that `checkJourney` found without errors.
 *
 * @throws DurationError where a duration does not parse, TypeError where two steps share an id or a wait says neither `for`
 * nor `until`: such a definition was never checked.
 */
export function compilePlan(definition: JourneyDefinition): Plan {
  const steps: Record<string, PlanStep> = {}
  return { planVersion: 1, start: compileList(definition.steps, null, steps), steps }
}

/** Adds the steps of a list; answers where the list begins, which is `below` for an empty one. */
function compileList(list: readonly Step[], below: Target, into: Record<string, PlanStep>): Target {
  list.forEach((step, i) => {
    if (Object.hasOwn(into, step.id)) throw new TypeError(`two steps have the id ${step.id}`)
    // Taken at once, so that the keys of the plan stand in the order of the definition.
    into[step.id] = { type: 'exit' }
    into[step.id] = compileStep(step, list[i + 1]?.id ?? below, into)
  })
  return list[0]?.id ?? below
}

function compileStep(step: Step, next: Target, into: Record<string, PlanStep>): PlanStep {
  const way = (list: readonly Step[] | undefined) => compileList(list ?? [], next, into)
  switch (step.type) {
    case 'send':
      return {
        type: 'send',
        onBlocked: step.onBlocked ?? 'continue',
        expiresMs: step.expires === undefined ? null : parseDuration(step.expires),
        next,
      }
    case 'wait':
      if (step.for !== undefined) return { type: 'wait', kind: 'for', ms: parseDuration(step.for), next }
      if (step.until === undefined) throw new TypeError(`the wait ${step.id} says neither for nor until`)
      return { type: 'wait', kind: 'until', next }
    case 'waitFor':
      return {
        type: 'waitFor',
        timeoutMs: parseDuration(step.timeout),
        branches: step.events.map((event) => way(event.steps)),
        onTimeout: way(step.onTimeout),
        onUntracked: way(step.onUntracked),
        next,
      }
    case 'branch':
      return {
        type: 'branch',
        cases: step.cases.map((one) => way(one.steps)),
        otherwise: way(step.otherwise),
        next,
      }
    case 'exit':
      return { type: 'exit' }
    default:
      return step satisfies never
  }
}

/** The checker's part for steps: their ids, what each says, and whether it can be reached. */
import { awaitsOnlyOpensOrClicks } from './awaited.ts'
import { deepestNesting, everyStep, type JourneyDefinition, nestedLists } from './definition.ts'
import type { Findings, Place } from './findings.ts'
import { type SendsBefore, sendsBefore } from './paths.ts'
import { followedBySend } from './sendsAfter.ts'
import { type Step, stepOf } from './steps/index.ts'
import { mostSteps } from './steps/parts.ts'
import type { World } from './world.ts'

const idPattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** What the walk carries along. */
type Walk = {
  definition: JourneyDefinition
  world: World
  findings: Findings
  steps: Map<string, Step>
  /** Ids met so far. */
  seen: Set<string>
  before: SendsBefore
  followed: ReadonlySet<Step>
}

/** Adds what is wrong or doubtful with the steps. */
export function checkSteps(definition: JourneyDefinition, world: World, findings: Findings): void {
  if (depthOf(definition.steps) > deepestNesting) {
    findings.error(
      ['steps'],
      'nested-too-deep',
      `Steps are nested deeper than ${deepestNesting} levels. Make the journey flatter.`,
    )
    return
  }
  const steps = new Map<string, Step>()
  let count = 0
  for (const step of everyStep(definition.steps)) {
    count++
    if (!steps.has(step.id)) steps.set(step.id, step)
  }
  if (count === 0) findings.error(['steps'], 'list-too-short', 'A journey needs at least one step.')
  if (count > mostSteps)
    findings.error(
      ['steps'],
      'list-too-long',
      `A journey may have ${mostSteps} steps. This one has ${count}.`,
    )
  const before = sendsBefore(definition)
  const followed = followedBySend(definition.steps)
  const walk = { definition, world, findings, steps, seen: new Set<string>(), before, followed }
  checkList(definition.steps, ['steps'], true, walk)
}

/** Levels of lists; stops counting beyond the limit, so that no nesting, however deep, exhausts the stack. */
function depthOf(steps: readonly Step[], level = 1): number {
  if (level > deepestNesting) return level
  let deepest = level
  for (const step of steps) {
    for (const list of nestedLists(step)) deepest = Math.max(deepest, depthOf(list.steps, level + 1))
  }
  return deepest
}

/** `reached`: whether some way leads to the list; problems below an unreachable step are reported once, at that step. */
function checkList(steps: readonly Step[], place: Place, reached: boolean, walk: Walk): void {
  const firstLost = steps.findIndex((step) => !walk.before.has(step))
  steps.forEach((step, i) => {
    const at = [...place, i]
    if (reached && i === firstLost) {
      walk.findings.error(
        at,
        'unreachable-step',
        `The step "${step.id}" is never reached: every way before it ends the run.`,
      )
    }
    checkStep(step, at, walk)
    for (const list of nestedLists(step))
      checkList(list.steps, [...at, ...list.path], reached && canRun(step, list.path, walk), walk)
  })
}

/** Whether a step's nested list can run at all; where it cannot, the step's own check has reported it. */
function canRun(step: Step, path: Place, walk: Walk): boolean {
  if (!walk.before.has(step)) return false
  return step.type !== 'waitFor' || path[0] !== 'onUntracked' || awaitsOnlyOpensOrClicks(step.events)
}

function checkStep(step: Step, at: Place, walk: Walk): void {
  const { definition, world, findings, steps, before, followed } = walk
  if (!idPattern.test(step.id)) {
    findings.error(
      [...at, 'id'],
      'invalid-key',
      'Must be a step id: a letter, then letters, digits, "_" and "-", at most 64 characters.',
    )
  } else if (walk.seen.has(step.id)) {
    findings.error([...at, 'id'], 'duplicate', `Another step has the id "${step.id}". Choose another.`)
  }
  walk.seen.add(step.id)
  const { profile } = definition
  const sendFollows = followed.has(step)
  stepOf(step).check(at, { profile, world, findings, steps, sendFollows, sentBefore: before.get(step) })
}

/**
 * The journey language: what a caller may put, and the types that follow from it. Each step type has a file of its own
 * in `steps/`; docs/journeys.md explains the words. An unknown step type or field is refused, never ignored. Problems
 * that the shape cannot find (unknown messages, invalid conditions, unreachable steps) are reported by `check.ts`.
 */
import { z } from 'zod'
import { coded, keyShape, textShape, triggerNameShape } from '../shapes/primitives.ts'
import { type Step, stepOf } from './steps/index.ts'
import type { NestedList } from './steps/kind.ts'
import { durationShape, mostWays, stepsShape, whereShape } from './steps/parts.ts'

/** How deep lists of steps may be nested; the journey's own list is the first level. */
export const deepestNesting = 10

const listenerFields = { trigger: triggerNameShape, where: whereShape.exactOptional() }

/** The fields of a journey, for shapes that add more. */
export const journeyFields = z
  .strictObject({
    key: keyShape,
    name: textShape(200).meta({ description: 'For people' }),
    description: textShape(2000).exactOptional().meta({ description: 'For people: what the journey is for' }),
    profile: keyShape.exactOptional().meta({ description: 'Compliance profile the journey belongs to' }),
    entry: z
      .strictObject(listenerFields)
      .exactOptional()
      .meta({ description: 'What starts a run by itself; left out: runs are started over REST only' }),
    reentry: z
      .union([z.enum(['never', 'always']), z.strictObject({ after: durationShape })])
      .exactOptional()
      .meta({
        description:
          'Whether a contact may run through it again; `never` unless set; `always` also while a run is under way',
      }),
    exit: z
      .array(z.strictObject(listenerFields))
      .max(mostWays)
      .exactOptional()
      .meta({ description: 'Triggers that end a run at once, wherever it is' }),
    goal: z
      .strictObject({
        ...listenerFields,
        within: durationShape.meta({ description: 'How long after the start of a run it counts' }),
      })
      .exactOptional()
      .meta({
        description: 'What the journey is for. Kept with each version; not counted yet, as a warning says',
      }),
    interactions: z.enum(['human', 'any']).exactOptional().meta({
      description: 'Whose opens and clicks count: `human` unless set; `any` also proxies’ and bots’',
    }),
    steps: stepsShape,
  })
  .meta({ id: 'Journey', description: 'A journey definition' })

/**
 * Reads a journey definition. Nesting is checked first, without recursion, so that no body, however deep, can overflow
 * the stack afterwards.
 */
export const journeyShape = z.preprocess((value, context) => {
  if (deeperThan(value, nestingBound)) {
    context.addIssue({
      code: 'custom',
      ...coded(
        'nested-too-deep',
        `Steps are nested deeper than ${deepestNesting} levels. Make the journey flatter.`,
      ),
    })
    return z.NEVER
  }
  return value
}, journeyFields)

export type JourneyDefinition = z.output<typeof journeyFields>

/**
 * Levels of JSON that the deepest permitted journey can have: three for each list of steps (steps, step, cases, case),
 * and some.
 */
const nestingBound = deepestNesting * 4 + 8

function deeperThan(value: unknown, bound: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bound) return true
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}

/** The lists of steps inside a step, in the order in which the language writes them. */
export function nestedLists(step: Step): NestedList[] {
  return stepOf(step).lists()
}

/** Every step, a parent before what is nested in it, top to bottom. */
export function* everyStep(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step
    for (const list of nestedLists(step)) yield* everyStep(list.steps)
  }
}

/** The step with this id, or null. */
export function findStep(definition: JourneyDefinition, id: string): Step | null {
  for (const step of everyStep(definition.steps)) if (step.id === id) return step
  return null
}

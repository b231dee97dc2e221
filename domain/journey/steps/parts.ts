/** Shapes that several step types share, and the lists of steps nested inside a step. */
import { z } from 'zod'
import { longestCondition } from '../../conditions/language.ts'
import { textShape } from '../../shapes/primitives.ts'
import type { Step } from './index.ts'

/** How many steps a journey may have, nested ones counted. */
export const mostSteps = 200
/** How many events one `waitFor`, or cases one `branch`, may list. */
export const mostWays = 50

export const durationShape = textShape(100).meta({
  description: 'Duration: "3 days", "1 day 12 hours" or ISO 8601 ("P3D"); no months or years',
  example: '3 days',
})

export const stepIdShape = textShape(64).meta({
  description: 'Step id: unique in the journey, and the identity of the step across versions',
  example: 'remind',
})

/** @param about the variables that the condition may use */
export function conditionShape(about: string): z.ZodString {
  return textShape(longestCondition).meta({ description: `CEL over ${about}` })
}

export const whereShape = conditionShape('`contact`, `trigger`, `event`, `consent`, `now`')

let list: z.ZodType<Step[]> | null = null

/** A list of steps inside a step. The language is recursive: `index.ts` gives the list its shape once every type is known. */
export const stepsShape: z.ZodType<Step[]> = z
  .lazy(() => {
    if (list === null) throw new TypeError('the step types were not registered')
    return list
  })
  .meta({ id: 'Steps', description: 'Steps, run from top to bottom' })

/** Called once, by `index.ts`. */
export function defineSteps(step: z.ZodType<Step>): void {
  list = z.array(step).max(mostSteps)
}

/**
 * The checker: finds the problems of a well-formed definition, each with a pointer to its place. Pure: callbacks give
 * it the facts about messages, triggers, profiles and conditions.
 *
 * A definition without problems of severity `error` can be published, and then `compilePlan` takes it.
 */
import { checkSteps } from './checkSteps.ts'
import type { JourneyDefinition } from './definition.ts'
import { checkDuration, checkListener, type Findings, type Place, type Problem } from './findings.ts'
import type { World } from './world.ts'

export type { Problem } from './findings.ts'
export type { ConditionScope, MessageFacts, World } from './world.ts'

/** Keys of journeys: lower-case words, at most 100 characters, as keys everywhere. */
const keyPattern = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/

/** All errors and warnings, in the order of the definition. */
export function checkJourney(definition: JourneyDefinition, world: World): Problem[] {
  const problems: Problem[] = []
  const find = (severity: Problem['severity']) => (place: Place, code: Problem['code'], message: string) => {
    problems.push({ severity, pointer: pointerTo(place), code, message })
  }
  const findings: Findings = { error: find('error'), warning: find('warning') }

  if (!keyPattern.test(definition.key))
    findings.error(['key'], 'invalid-key', 'Must be a key: lower-case letters, digits, ".", "_" and "-".')
  if (definition.profile !== undefined && !world.profile(definition.profile)) {
    findings.error(['profile'], 'unknown-profile', `There is no profile "${definition.profile}".`)
  }
  if (definition.entry) checkListener(definition.entry, ['entry'], 'entry', world, findings)
  if (typeof definition.reentry === 'object')
    checkDuration(definition.reentry.after, ['reentry', 'after'], findings)
  definition.exit?.forEach((exit, i) => {
    checkListener(exit, ['exit', i], 'exit', world, findings)
  })
  if (definition.goal) {
    checkListener(definition.goal, ['goal'], 'exit', world, findings)
    checkDuration(definition.goal.within, ['goal', 'within'], findings)
    findings.warning(
      ['goal'],
      'goal-not-counted',
      'The goal is stored with the version, but not counted yet.',
    )
  }
  checkSteps(definition, world, findings)
  return problems
}

/** RFC 6901. */
function pointerTo(place: Place): string {
  return place.map((segment) => `/${String(segment).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
}

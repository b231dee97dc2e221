/** How the checker's parts say what they find, and the checks that several of them make. */
import type { FieldError, RefusalCode } from '../refusal.ts'
import { isRefusalCode } from '../refusals/catalogue.ts'
import type { WarningCode } from '../refusals/warnings.ts'
import { readDuration } from './duration.ts'
import type { ConditionScope, World } from './world.ts'

/** Something wrong (`error`: cannot be published) or doubtful (`warning`) at one place. */
export type Problem = {
  severity: 'error' | 'warning'
  /** JSON pointer (RFC 6901) into the definition. */
  pointer: string
  /** Stable and machine-readable: of the catalogue of refusals for an error, of `refusals/warnings.ts` for a warning. */
  code: RefusalCode | WarningCode
  /** For the author. */
  message: string
}

/** An error as it stands in a problem document. */
export function asFieldError({ pointer, code, message }: Problem): FieldError {
  return { pointer, code: isRefusalCode(code) ? code : 'invalid-value', message }
}

/** Segments of a JSON pointer. */
export type Place = readonly (string | number)[]

/** Collects problems. */
export type Findings = {
  error(place: Place, code: RefusalCode, message: string): void
  warning(place: Place, code: WarningCode, message: string): void
}

/** A trigger that must be known, with a condition that must be sound. */
export function checkListener(
  listener: { trigger: string; where?: string },
  place: Place,
  scope: ConditionScope,
  world: World,
  findings: Findings,
): void {
  if (!world.trigger(listener.trigger))
    findings.error([...place, 'trigger'], 'unknown-trigger', `There is no trigger "${listener.trigger}".`)
  if (listener.where !== undefined)
    checkCondition(listener.where, [...place, 'where'], scope, world, findings)
}

export function checkCondition(
  text: string,
  place: Place,
  scope: ConditionScope,
  world: World,
  findings: Findings,
): void {
  const wrong = world.condition(text, scope)
  if (wrong !== null) findings.error(place, 'invalid-condition', `The condition cannot be used: ${wrong}.`)
}

export function checkDuration(text: string, place: Place, findings: Findings): void {
  const result = readDuration(text)
  if (!result.ok) findings.error(place, 'invalid-duration', result.message)
}

/** @param what begins the sentence: `A branch has` */
export function checkCount(
  count: number,
  most: number,
  place: Place,
  what: string,
  findings: Findings,
): void {
  if (count === 0) findings.error(place, 'list-too-short', `${what} at least one.`)
  if (count > most) findings.error(place, 'list-too-long', `${what} at most ${most}, not ${count}.`)
}

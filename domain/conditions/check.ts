/** Checks a condition when a journey is put: can it be parsed, does it use known names, and has it the right type? */
import type { ConditionScope } from '../journey/world.ts'
import { compile, timestampType, type Wrong, withEvent, withoutEvent } from './language.ts'

export type { ConditionScope } from '../journey/world.ts'

/** `position`: 0-based offset into the text, where the place is known. */
export type ConditionCheck = { ok: true } | Wrong

/**
 * In the scopes `entry`, `exit` and `wait` a condition may read `event`, and everywhere `contact`, `trigger`, `consent`
 * and `now`. It must give a bool, in scope `until` a timestamp. A type that is only known at run time (such as an
 * attribute's) is accepted here and checked at evaluation.
 */
export function checkCondition(text: string, scope: ConditionScope): ConditionCheck {
  const compiled = compile(text, hasEvent(scope) ? withEvent : withoutEvent)
  if (!compiled.ok) {
    return compiled.message.endsWith('variable: event') && !hasEvent(scope)
      ? { ...compiled, message: '"event" is what was just received: there is none here, only "trigger"' }
      : compiled
  }
  const wanted = scope === 'until' ? timestampType : 'bool'
  if (compiled.type === wanted || compiled.type === 'dyn') return { ok: true }
  const given = compiled.type
    .replace(timestampType, 'timestamp')
    .replace('google.protobuf.Duration', 'duration')
  return {
    ok: false,
    message:
      scope === 'until'
        ? `must give a timestamp, gives ${given}${given === 'string' ? ': write timestamp(…)' : ''}`
        : `must give true or false (bool), gives ${given}`,
  }
}

function hasEvent(scope: ConditionScope): boolean {
  return scope === 'entry' || scope === 'exit' || scope === 'wait'
}

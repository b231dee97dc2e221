/**
 * Evaluates conditions. A condition that cannot be evaluated (a missing attribute, an unexpected type) is not true. The
 * caller gets `ok: false` and the reason, which never quotes the data.
 */
import { parseInstant } from '../journey/until.ts'
import { tooCostly, withBudget } from './budget.ts'
import { type Compiled, compile, readError, withEvent } from './language.ts'
import { readable } from './members.ts'

/** What conditions read. Plain JSON but for `now`. */
export type ConditionBindings = {
  /** The contact's fields, its attributes below `attributes`. */
  contact: Readonly<Record<string, unknown>>
  /** The payload of the run's entry; `{}` if it had none. */
  trigger: Readonly<Record<string, unknown>>
  /** The payload of the event just received; for an entry the same as `trigger`; null if there is no event. */
  event: Readonly<Record<string, unknown>> | null
  /** By channel, then purpose: `consent.email["marketing"].state`. */
  consent: Readonly<Record<string, unknown>>
  /** The current time of the run. */
  now: Date
}

/** `message` quotes only the condition's text, never the data. */
export type Evaluated<Value> = { ok: true; value: Value } | { ok: false; message: string }

/** Whether a condition holds. Never throws. */
export function evaluateCondition(text: string, bindings: ConditionBindings): Evaluated<boolean> {
  const result = evaluate(text, bindings)
  if (!result.ok) return result
  const { value } = result
  return typeof value === 'boolean'
    ? { ok: true, value }
    : { ok: false, message: 'gives neither true nor false' }
}

/**
 * The result of an expression as a moment, in milliseconds since 1970: from a timestamp, or from an RFC 3339 text as in
 * payloads and attributes. Never throws.
 */
export function evaluateMoment(text: string, bindings: ConditionBindings): Evaluated<number> {
  const result = evaluate(text, bindings)
  if (!result.ok) return result
  const { value } = result
  const moment =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? parseInstant(value) : null
  if (moment === null || Number.isNaN(moment)) return { ok: false, message: 'gives no timestamp' }
  return { ok: true, value: moment }
}

function evaluate(text: string, bindings: ConditionBindings): Evaluated<unknown> {
  const compiled = compiledOnce(text)
  if (!compiled.ok) return { ok: false, message: compiled.message }
  const { event, now, ...objects } = bindings
  const given = Object.entries(event === null ? objects : { ...objects, event })
  const read = { now, ...Object.fromEntries(given.map(([name, value]) => [name, readable(value)])) }
  try {
    return { ok: true, value: withBudget(() => compiled.run(read)) }
  } catch (error) {
    return { ok: false, message: explain(error, text) }
  }
}

/** Parsed conditions by text, least recently used first. */
const cache = new Map<string, Compiled>()
const mostCached = 1000

function compiledOnce(text: string): Compiled {
  const known = cache.get(text)
  const compiled = known ?? compile(text, withEvent)
  if (known) cache.delete(text)
  cache.set(text, compiled)
  if (cache.size > mostCached) {
    const [oldest] = cache.keys()
    if (oldest !== undefined) cache.delete(oldest)
  }
  return compiled
}

/** The library's messages quote values. These name only the place in the text and the kind of fault. */
function explain(error: unknown, text: string): string {
  const { code, range } = readError(error)
  const fault = faultOf(code ?? '')
  if (!range) return fault
  const quoted = text.slice(range.start, range.end)
  const shown = quoted.length > 60 ? `${quoted.slice(0, 60)}…` : quoted
  return `"${shown}" (at character ${range.start + 1}) ${fault}`
}

function faultOf(code: string): string {
  switch (code) {
    case 'no_such_key':
    case 'unknown_variable':
      return 'is missing'
    case 'index_out_of_bounds':
    case 'index_out_of_range':
      return 'reaches beyond the end'
    case 'division_by_zero':
    case 'modulo_by_zero':
      return 'divides by zero'
    case 'numeric_overflow':
      return 'is too large a number'
    case 'invalid_timestamp':
      return 'is no timestamp'
    case 'invalid_duration':
      return 'is no duration'
    case tooCostly:
      return 'takes too much work on data of this size'
    case 'text_too_long':
      return 'is too long a text for matches()'
    case 'no_such_overload':
    case 'no_matching_overload':
    case 'invalid_logical_operand':
    case 'invalid_condition_type':
    case 'invalid_comparison_type':
    case 'invalid_comprehension_range':
    case 'invalid_list_element_type':
    case 'field_type_mismatch':
    case 'list_item_type_mismatch':
      return 'does not fit the type of what it is given'
    default:
      return 'cannot be evaluated'
  }
}

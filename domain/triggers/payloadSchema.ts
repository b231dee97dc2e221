/** Payloads against the JSON Schema (2020-12) of their trigger. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { longestMatchedText, patternProblem } from '../conditions/patterns.ts'
import { canonicalBytes } from '../ledger/canonical.ts'
import type { FieldError } from '../refusal.ts'

/** Compiled schemas by their text, the oldest dropped first. */
const compiled = new Map<string, ValidateFunction>()
const mostCompiled = 500
/** A schema of more characters is refused. */
const longest = 50_000
/** Faults named of one payload. */
const mostNamed = 100

/** What is wrong with a schema, or null. */
export function schemaProblem(schema: Record<string, unknown>): string | null {
  if (JSON.stringify(schema).length > longest) return `is longer than ${longest} characters`
  try {
    if ('$async' in schema) return 'is an asynchronous schema'
    compile(schema)
    return null
  } catch (error) {
    return `is no JSON Schema: ${error instanceof Error ? error.message : 'unreadable'}`
  }
}

/** What in a payload breaks the schema, each with its pointer below `prefix`; values are never quoted. */
export function payloadProblems(
  schema: Record<string, unknown>,
  payload: unknown,
  prefix: string,
): FieldError[] {
  const validate = compile(schema)
  try {
    if (validate(payload)) return []
  } catch (error) {
    // References that go round in a circle are only noticed when a payload follows them.
    if (!(error instanceof RangeError)) throw error
    return [{ pointer: prefix, message: 'cannot be judged: the schema goes round in a circle' }]
  }
  return (validate.errors ?? []).slice(0, mostNamed).map((error) => {
    const missing: unknown = error.params.missingProperty ?? error.params.additionalProperty
    const pointer = `${prefix}${error.instancePath}${typeof missing === 'string' ? `/${missing}` : ''}`
    return { pointer, message: error.message ?? 'breaks the schema' }
  })
}

function compile(schema: Record<string, unknown>): ValidateFunction {
  const text = JSON.stringify(schema)
  const known = compiled.get(text)
  if (known !== undefined) return known
  // One instance a schema: an $id of one trigger's schema must not clash with another's.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateFormats: true,
    code: { regExp: bounded },
  })
  formats.default(ajv)
  // Ajv compares each item with each other; here a list of any length takes one look at each.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: unknown[]) => !wanted || areUnique(items),
    error: { message: 'must NOT have duplicate items' },
  })
  // An asynchronous schema would answer later, when nobody listens.
  const { $async, ...plain } = schema
  const validate = ajv.compile(plain)
  compiled.set(text, validate)
  const [oldest] = compiled.keys()
  if (compiled.size > mostCompiled && oldest !== undefined) compiled.delete(oldest)
  return validate
}

function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set(items.map((item) => Buffer.from(canonicalBytes(item)).toString()))
  return seen.size === items.length
}

/**
 * The engine's regular expressions backtrack, and payloads are what strangers send: the same bounds as for `matches()` in
 * conditions. A text that is too long for them fits no pattern.
 */
function bounded(
  pattern: string,
  flags: string,
): { test: (text: string) => boolean; toString: () => string } {
  const problem = patternProblem(pattern)
  if (problem !== null) throw new PatternError(`pattern "${pattern}": ${problem}`)
  const expression = new RegExp(pattern, flags)
  return {
    test: (text) => text.length <= longestMatchedText && expression.test(text),
    // Ajv keeps expressions by this: without it, all patterns of a schema would be the first.
    toString: () => expression.toString(),
  }
}
bounded.code = 'bounded'

class PatternError extends Error {
  override readonly name = 'PatternError'
}

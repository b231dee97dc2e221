/**
 * Validates payloads against the JSON Schema (2020-12) of their trigger. Schema and payload are untrusted, so their
 * cost together is bounded in advance: without references each part of the schema visits each part of the payload at
 * most once. A validation that could cost more runs in a thread with a deadline (`threads/`).
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { compilePattern } from '../conditions/patterns.ts'
import { canonicalBytes } from '../ledger/canonical.ts'
import type { FieldError, RefusalCode } from '../refusal.ts'
import { addLinearFormats } from './formats.ts'

/** Most characters of a schema; a longer one is refused. */
const longest = 50_000
/**
 * Most characters of a schema with every reference expanded: allOf of two references to an allOf of two … doubles each
 * time.
 */
const longestExpanded = 500_000
/** Most errors reported for one payload. */
const mostNamed = 100
/** Schema size times payload size up to which all errors are reported; above it only the first. */
const mostForAllFaults = 10_000_000
/**
 * The same product up to which a payload is validated in the main thread; also the most characters of a schema compiled
 * there.
 */
const mostOnTheSpot = 1_000_000
const longestOnTheSpot = 5_000

type Schema = Record<string, unknown>

/** The problem of a schema, or null. */
export function schemaProblem(schema: Schema): string | null {
  const text = JSON.stringify(schema)
  if (text.length > longest) return `The schema is longer than ${longest} characters.`
  if ('$async' in schema) return 'Asynchronous schemas ($async) are not supported.'
  try {
    const foreign = foreignReference(schema, true)
    if (foreign !== null) return foreign
    if (expandedSize(schema) > longestExpanded) {
      return `With its references written out, the schema is longer than ${longestExpanded} characters.`
    }
    const validate = compile(schema, text, 'first')
    validate({})
    return null
  } catch (error) {
    if (error instanceof RangeError) return 'The schema refers to itself in a circle, or is nested too deep.'
    return `This is not a JSON Schema: ${error instanceof Error ? error.message : 'unreadable'}.`
  }
}

/** The errors of a payload, each with its pointer below `prefix`. Values are never quoted. */
export function payloadProblems(schema: Schema, payload: unknown, prefix: string): FieldError[] {
  const text = JSON.stringify(schema)
  try {
    if (compile(schema, text, 'first')(payload)) return []
    const cost = sizeOfSchema(schema, text) * sizeOf(payload, mostForAllFaults)
    const validate = compile(schema, text, cost > mostForAllFaults ? 'first' : 'all')
    validate(payload)
    return (validate.errors ?? []).slice(0, mostNamed).map((error) => asField(error, prefix))
  } catch (error) {
    // Circular references only show when a payload follows them.
    if (!(error instanceof RangeError)) throw error
    return [
      {
        pointer: prefix,
        code: 'invalid-schema',
        message: 'The schema of the trigger refers to itself in a circle.',
      },
    ]
  }
}

/** Whether a payload may be validated in the main thread: it takes some milliseconds at worst. */
export function isJudgedQuickly(schema: Schema, payload: unknown): boolean {
  const text = JSON.stringify(schema)
  // A reference may be followed many times for one part of the payload.
  if (text.length > longestOnTheSpot || /"\$(?:ref|dynamicRef|recursiveRef)"/.test(text)) return false
  const most = Math.floor(mostOnTheSpot / sizeOfSchema(schema, text))
  return sizeOf(payload, most) <= most
}

function asField(error: NonNullable<ValidateFunction['errors']>[number], prefix: string): FieldError {
  const missing: unknown = error.params.missingProperty ?? error.params.additionalProperty
  const pointer = `${prefix}${error.instancePath}${typeof missing === 'string' ? `/${missing}` : ''}`
  const message = `The schema of the trigger says: ${error.message ?? 'the value is wrong'}.`
  return { pointer, code: codeOf(error.keyword), message }
}

function codeOf(keyword: string): RefusalCode {
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return 'required'
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'unknown-field'
    case 'type':
      return 'wrong-type'
    case 'enum':
    case 'const':
      return 'unknown-value'
    case 'format':
    case 'pattern':
      return 'wrong-format'
    case 'minLength':
      return 'text-too-short'
    case 'maxLength':
      return 'text-too-long'
    case 'minimum':
    case 'exclusiveMinimum':
      return 'number-too-small'
    case 'maximum':
    case 'exclusiveMaximum':
      return 'number-too-large'
    case 'minItems':
      return 'list-too-short'
    case 'maxItems':
      return 'list-too-long'
    case 'uniqueItems':
      return 'duplicate'
    default:
      return 'invalid-value'
  }
}

/** Its characters and the steps of its patterns: the most that one character of a payload may cost. */
function sizeOfSchema(schema: Schema, text: string): number {
  let size = text.length
  for (const pattern of patternsIn(schema)) {
    const compiled = compilePattern(pattern)
    if (compiled.ok) size += compiled.pattern.size
  }
  return size
}

function* patternsIn(node: unknown): Generator<string> {
  if (Array.isArray(node)) {
    for (const one of node) yield* patternsIn(one)
  } else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key === 'pattern' && typeof value === 'string') yield value
      if (key === 'patternProperties' && typeof value === 'object' && value !== null)
        yield* Object.keys(value)
      yield* patternsIn(value)
    }
  }
}

/** Approximate characters of a JSON value; stops counting above `most`. */
function sizeOf(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let size = 2
  for (const [key, item] of Object.entries(value)) {
    size += (Array.isArray(value) ? 1 : key.length + 4) + sizeOf(item, most - size)
    if (size > most) return size
  }
  return size
}

/** Characters of the schema with each local reference expanded; a circular reference counts once. */
function expandedSize(schema: Schema): number {
  const sizes = new Map<unknown, number>()
  const under = new Set<unknown>()
  const measure = (node: unknown): number => {
    if (typeof node !== 'object' || node === null) return String(node).length + 2
    const known = sizes.get(node)
    if (known !== undefined) return known
    if (under.has(node)) return 0
    under.add(node)
    let size = 2
    for (const [key, value] of Object.entries(node)) {
      // Definitions count at the places that refer to them.
      if (key === '$defs' || key === 'definitions') continue
      size += key.length + 3 + measure(value)
      if (isReference(key) && typeof value === 'string') size += measure(targetOf(schema, value))
    }
    under.delete(node)
    sizes.set(node, size)
    return size
  }
  return measure(schema)
}

function isReference(key: string): boolean {
  return key === '$ref' || key === '$dynamicRef'
}

/** Keywords whose values are data, not schemas. */
const data = new Set(['const', 'enum', 'default', 'examples'])

/**
 * A reference to another schema, or by another name of a part of this one: its target, and so its cost, could not be
 * determined.
 * @returns the problem; null if there is none
 */
function foreignReference(node: unknown, root: boolean): string | null {
  if (typeof node !== 'object' || node === null) return null
  for (const [key, value] of Object.entries(node)) {
    if (isReference(key) && typeof value === 'string' && !value.startsWith('#'))
      return `A ${key} must begin with "#": references lead to parts of the same schema.`
    if (key === '$id' && typeof value === 'string' && !root)
      return 'An $id stands below the root. Name parts by $defs or $anchor.'
    const found = data.has(key) ? null : foreignReference(value, false)
    if (found !== null) return found
  }
  return null
}

/** The target of a JSON pointer in a fragment (RFC 6901 §6) or of an anchor; null if it is neither. */
function targetOf(schema: Schema, reference: string): unknown {
  if (!reference.startsWith('#')) return null
  if (reference === '#') return schema
  if (!reference.startsWith('#/')) return anchored(schema, reference.slice(1))
  let node: unknown = schema
  for (const part of decodeURIComponent(reference.slice(2)).split('/')) {
    if (typeof node !== 'object' || node === null) return null
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    node = new Map(Object.entries(node)).get(name) ?? null
  }
  return node
}

function anchored(node: unknown, name: string): unknown {
  if (typeof node !== 'object' || node === null) return null
  if ('$anchor' in node && node.$anchor === name) return node
  if ('$dynamicAnchor' in node && node.$dynamicAnchor === name) return node
  for (const value of Object.values(node)) {
    const found = anchored(value, name)
    if (found !== null) return found
  }
  return null
}

/** Compiled schemas by mode and text; the oldest is dropped first. */
const compiled = new Map<string, ValidateFunction>()
const mostCompiled = 1_000

/** @param find `first`: stops at the first error, which needs no memory; `all`: collects all errors */
function compile(schema: Schema, text: string, find: 'first' | 'all'): ValidateFunction {
  const name = `${find} ${text}`
  const known = compiled.get(name)
  if (known !== undefined) return known
  // One instance a schema: an $id of one trigger's schema must not clash with another's.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: find === 'all',
    validateFormats: true,
    // A payload has a "constructor" only if the caller sent one, not because every object inherits it.
    ownProperties: true,
    code: { regExp: linear },
  })
  addLinearFormats(ajv)
  // Ajv compares each item with each other; our keyword takes linear time.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: unknown[]) => !wanted || areUnique(items),
    error: { message: 'must NOT have duplicate items' },
  })
  // An asynchronous schema would return a promise, which this caller does not await.
  const { $async, ...plain } = schema
  const validate = ajv.compile(plain)
  compiled.set(name, validate)
  const [oldest] = compiled.keys()
  if (compiled.size > mostCompiled && oldest !== undefined) compiled.delete(oldest)
  return validate
}

function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set(items.map((item) => Buffer.from(canonicalBytes(item)).toString()))
  return seen.size === items.length
}

/** The regular expression engine for Ajv. */
function linear(text: string): { test: (text: string) => boolean; toString: () => string } {
  const compiled = compilePattern(text)
  if (!compiled.ok) throw new PatternError(`pattern "${text}": ${compiled.message}`)
  // Ajv caches expressions by this text: without it, all patterns of a schema would share the first.
  return { test: compiled.pattern.test, toString: () => text }
}
linear.code = 'linear'

class PatternError extends Error {
  override readonly name = 'PatternError'
}

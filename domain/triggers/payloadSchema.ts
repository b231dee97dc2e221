/** Payloads against the JSON Schema (2020-12) of their trigger. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FieldError } from '../refusal.ts'

/** Compiled schemas by their text, the oldest dropped first. */
const compiled = new Map<string, ValidateFunction>()
const mostCompiled = 500
/** A schema of more characters is refused. */
const longest = 50_000

/** What is wrong with a schema, or null. */
export function schemaProblem(schema: Record<string, unknown>): string | null {
  if (JSON.stringify(schema).length > longest) return `is longer than ${longest} characters`
  try {
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
  if (validate(payload)) return []
  return (validate.errors ?? []).map((error) => {
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
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  formats.default(ajv)
  const validate = ajv.compile(schema)
  compiled.set(text, validate)
  const [oldest] = compiled.keys()
  if (compiled.size > mostCompiled && oldest !== undefined) compiled.delete(oldest)
  return validate
}

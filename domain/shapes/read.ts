/**
 * Reads a caller's input by its shape. Only here a zod issue becomes a refusal: a stored row that does not fit its
 * shape is our own fault, and must not be answered as if the caller had made it.
 */
import type { z } from 'zod'
import { type FieldError, invalidFields, type RefusalCode } from '../refusal.ts'
import { isRefusalCode } from '../refusals/catalogue.ts'

/**
 * @param what names the value for the caller: `the body`
 * @param prefix where the value stands in the request, as a JSON pointer
 * @throws Refusal invalid, with an error for each field
 */
export function read<S extends z.ZodType>(shape: S, value: unknown, what: string, prefix = ''): z.output<S> {
  const parsed = tryRead(shape, value)
  if (parsed.success) return parsed.data
  throw invalidFields(fieldErrors(parsed.error, prefix), what)
}

/** Like zod's `safeParse`, with messages in plain English. */
export function tryRead<S extends z.ZodType>(shape: S, value: unknown): z.ZodSafeParseResult<z.output<S>> {
  return shape.safeParse(value, { error: messageOf, reportInput: true })
}

/** Issues as field errors, below `prefix`. */
export function fieldErrors(error: { issues: readonly z.core.$ZodIssue[] }, prefix: string): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const pointer = prefix + issue.path.map((part) => `/${pointerPart(String(part))}`).join('')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${pointerPart(key)}`,
        code: 'unknown-field',
        message: `There is no field "${key}" here. Check the spelling, or leave it out.`,
      }))
    }
    return [{ pointer, code: codeOf(issue), message: issue.message }]
  })
}

/** A name as a part of a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return name.replace(/~/g, '~0').replace(/\//g, '~1')
}

function codeOf(issue: z.core.$ZodIssue): RefusalCode {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'required' : 'wrong-type'
    case 'invalid_value':
      return issue.input === undefined ? 'required' : 'unknown-value'
    case 'invalid_format':
      return 'wrong-format'
    case 'too_small':
      if (issue.origin === 'string') return 'text-too-short'
      return isNumeric(issue.origin) ? 'number-too-small' : 'list-too-short'
    case 'too_big':
      if (issue.origin === 'string') return 'text-too-long'
      return isNumeric(issue.origin) ? 'number-too-large' : 'list-too-long'
    case 'unrecognized_keys':
      return 'unknown-field'
    case 'invalid_union':
      return issue.input === undefined ? 'required' : 'wrong-type'
    case 'custom': {
      const code: unknown = issue.params?.code
      return typeof code === 'string' && isRefusalCode(code) ? code : 'invalid-value'
    }
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
      return 'invalid-value'
    default:
      return issue satisfies never
  }
}

/** Messages that zod lacks or words badly; a message in the shape takes precedence. */
function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'This field is required.' : `Must be ${typeName(issue.expected)}.`
    case 'invalid_value': {
      if (issue.input === undefined) return 'This field is required.'
      const values = issue.values.map((value) => JSON.stringify(value) ?? String(value))
      return values.length === 1 ? `Must be ${values[0]}.` : `Must be one of ${values.join(', ')}.`
    }
    case 'invalid_format':
      return `Must be ${formatName(issue.format, issue.pattern)}.`
    case 'too_small': {
      const bound = `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
      return bounded(issue.origin, bound, Number(issue.minimum))
    }
    case 'too_big': {
      const bound = `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
      return bounded(issue.origin, bound, Number(issue.maximum))
    }
    case 'invalid_union':
      return issue.input === undefined
        ? 'This field is required.'
        : 'Has none of the forms that this field can have.'
    case 'invalid_key':
    case 'invalid_element':
      return 'A name in this object does not have the right form.'
    case 'not_multiple_of':
      return `Must be a multiple of ${issue.divisor}.`
    default:
      return undefined
  }
}

function bounded(origin: string, bound: string, count: number): string {
  if (origin === 'string') return `Must have ${bound} ${count === 1 ? 'character' : 'characters'}.`
  if (isNumeric(origin)) return `Must be ${bound}.`
  return `Must have ${bound} ${count === 1 ? 'item' : 'items'}.`
}

function isNumeric(origin: string): boolean {
  return origin === 'number' || origin === 'int' || origin === 'bigint' || origin === 'date'
}

function typeName(expected: string): string {
  switch (expected) {
    case 'array':
      return 'a list'
    case 'record':
    case 'object':
      return 'an object'
    case 'int':
      return 'a whole number'
    case 'null':
      return 'null'
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    default:
      return `a ${expected}`
  }
}

function formatName(format: string, pattern: string | undefined): string {
  switch (format) {
    case 'uuid':
      return 'a UUID'
    case 'url':
      return 'a URL'
    case 'email':
      return 'an e-mail address'
    case 'ipv4':
    case 'ipv6':
      return 'an IP address'
    case 'datetime':
      return 'an RFC 3339 time with offset, such as 2026-11-23T08:15:30Z'
    case 'regex':
      return pattern === undefined ? 'text of the right form' : `text that matches ${pattern}`
    default:
      return `of the format ${format}`
  }
}

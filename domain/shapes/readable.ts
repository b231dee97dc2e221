/**
 * Finds what cannot be stored, before any shape reads the request: text that Postgres and UTF-8 cannot hold, numbers
 * that JSON cannot represent, nesting that would overflow the stack of a recursive reader, and the name `__proto__`,
 * which object literals do not keep. Not recursive itself.
 */
import type { FieldError } from '../refusal.ts'
import { isStorable, notStorable } from './primitives.ts'
import { pointerPart } from './read.ts'

/** Levels of lists and objects inside one another; what is proven (RFC 8785) and stored allows no more. */
const deepest = 60

/** The first thing in a JSON value that cannot be stored, with its pointer below `prefix`; null if there is none. */
export function unreadable(value: unknown, prefix = ''): FieldError | null {
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer: prefix, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: item, pointer, depth } = next
    if (typeof item === 'string' && !isStorable(item)) {
      return { pointer, code: 'cannot-be-stored', message: notStorable }
    }
    // JSON.parse turns 1e999 into Infinity.
    if (typeof item === 'number' && !Number.isFinite(item)) {
      return {
        pointer,
        code: 'cannot-be-stored',
        message: 'The number is beyond the range of JSON, which ends at about 1.8e308.',
      }
    }
    if (typeof item !== 'object' || item === null) continue
    if (depth === deepest) {
      return {
        pointer: pointer.split('/', 2).join('/'),
        code: 'nested-too-deep',
        message: `Lists and objects are nested deeper than ${deepest} levels. Make the document flatter.`,
      }
    }
    // Pushed in reverse, so that members are examined in the order of the text.
    for (const [name, inner] of Object.entries(item).reverse()) {
      if (!isStorable(name))
        return { pointer, code: 'cannot-be-stored', message: `In a name: ${notStorable}` }
      const at = `${pointer}/${pointerPart(name)}`
      if (name === '__proto__') {
        return { pointer: at, code: 'cannot-be-stored', message: 'The name "__proto__" cannot be used here.' }
      }
      open.push({ value: inner, pointer: at, depth: depth + 1 })
    }
  }
  return null
}

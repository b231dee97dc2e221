/**
 * What no shape needs to look for, because nothing can hold it: text that Postgres or UTF-8 cannot, numbers too large for JSON to
 * write back, nesting that exhausts the stack of whoever reads it by recursion, and the one name that object literals do not keep.
 * Looked for without recursion.
 */
import type { FieldError } from '../refusal.ts'
import { isStorable } from './primitives.ts'

/** Levels of lists and objects inside one another; what is proven (RFC 8785) and stored allows no more. */
export const deepest = 60

/** The first thing in a JSON value that cannot be held, with its pointer below `prefix`; null where there is none. */
export function unreadable(value: unknown, prefix = ''): FieldError | null {
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer: prefix, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: item, pointer, depth } = next
    if (typeof item === 'string' && !isStorable(item)) {
      return { pointer, message: 'must not contain U+0000 or lone surrogates' }
    }
    // JSON.parse makes Infinity of 1e999.
    if (typeof item === 'number' && !Number.isFinite(item)) {
      return { pointer, message: 'must be a number within the range of JSON: at most about 1.8e308' }
    }
    if (typeof item !== 'object' || item === null) continue
    if (depth === deepest) {
      return { pointer: pointer.split('/', 2).join('/'), message: `is nested deeper than ${deepest} levels` }
    }
    // Pushed in reverse, so that the first in the text is looked at first.
    for (const [name, inner] of Object.entries(item).reverse()) {
      if (!isStorable(name)) return { pointer, message: 'has a name with U+0000 or a lone surrogate' }
      const at = `${pointer}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`
      if (name === '__proto__') return { pointer: at, message: 'cannot be a name here' }
      open.push({ value: inner, pointer: at, depth: depth + 1 })
    }
  }
  return null
}

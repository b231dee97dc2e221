/**
 * Canonical JSON bytes: the JSON Canonicalization Scheme of RFC 8785, in UTF-8.
 *
 * What goes in must be I-JSON (RFC 7493): finite numbers, strings without lone surrogates, no `undefined`. Strings are
 * taken exactly as they are: there is no Unicode normalisation, because the bytes are the evidence.
 */
import canonicalize from 'canonicalize'

/** Deeper nesting is refused, because canonicalisation is recursive. */
const deepest = 64

export class CanonicalFormError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CanonicalFormError'
  }
}

/** @throws CanonicalFormError when the value is not JSON, or nested too deep */
export function canonicalBytes(value: unknown): Uint8Array {
  const problem = jsonProblem(value)
  if (problem !== null) throw new CanonicalFormError(problem)
  const text = canonicalize(value)
  if (text === undefined) throw new CanonicalFormError('nothing to write')
  return new TextEncoder().encode(text)
}

/**
 * The text of UTF-8 bytes, which must be valid and carry no byte order mark.
 * @throws CanonicalFormError when they are not UTF-8
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CanonicalFormError('not valid UTF-8')
  }
}

/** Why a value is not canonical JSON, or null. Not recursive, so that deep nesting cannot overflow the stack. */
export function jsonProblem(value: unknown): string | null {
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: item, depth } = next
    if (item === null || typeof item === 'boolean') continue
    if (typeof item === 'string') {
      if (!item.isWellFormed()) return 'a string holds a lone surrogate'
    } else if (typeof item === 'number') {
      if (!Number.isFinite(item)) return 'a number is not finite'
    } else if (typeof item === 'object') {
      if (depth >= deepest) return `nested deeper than ${deepest}`
      if (Array.isArray(item)) {
        for (const inner of item) open.push({ value: inner, depth: depth + 1 })
      } else {
        const prototype: unknown = Object.getPrototypeOf(item)
        if (prototype !== Object.prototype && prototype !== null) return 'an object is not plain JSON'
        for (const [key, inner] of Object.entries(item)) {
          // Canonicalisation would call a function of this name.
          if (key === 'toJSON' && typeof inner === 'function') return 'an object is not plain JSON'
          if (!key.isWellFormed()) return 'a member name holds a lone surrogate'
          open.push({ value: inner, depth: depth + 1 })
        }
      }
    } else {
      return `a value of type ${typeof item} is not JSON`
    }
  }
  return null
}

/**
 * Encodes ledger events to the bytes that are hashed and stored, and decodes them. An event has exactly one form: a
 * decoded event encodes to the same bytes again, and bytes in any other form are refused.
 */
import { CanonicalFormError, canonicalBytes, textOf } from './canonical.ts'
import { LedgerEvent } from './event.ts'

/** The bytes are no ledger event in its one form, or the event breaks a rule of its schema. */
export class LedgerFormatError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LedgerFormatError'
  }
}

/** @throws LedgerFormatError when the event breaks a rule of its schema */
export function encodeEvent(event: LedgerEvent): Uint8Array {
  return bytesOf(checked(event))
}

/** @throws LedgerFormatError when the bytes are not the one form of a ledger event */
export function decodeEvent(bytes: Uint8Array): LedgerEvent {
  let parsed: unknown
  try {
    parsed = JSON.parse(textOf(bytes))
  } catch {
    throw new LedgerFormatError('not JSON in UTF-8')
  }
  const event = checked(parsed)
  if (!sameBytes(bytesOf(event), bytes)) throw new LedgerFormatError('not in canonical form')
  return event
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

function checked(value: unknown): LedgerEvent {
  const result = LedgerEvent.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`)
  throw new LedgerFormatError(issues.join('; '))
}

function bytesOf(event: LedgerEvent): Uint8Array {
  try {
    return canonicalBytes(withoutNulls(event))
  } catch (error) {
    if (error instanceof CanonicalFormError) throw new LedgerFormatError(error.message)
    throw error
  }
}

/** Leaves out the members that are null, at every depth. Events hold no free JSON, so a null never carries information. */
export function withoutNulls(value: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === null) continue
    kept[key] = typeof member === 'object' && !Array.isArray(member) ? withoutNulls(member) : member
  }
  return kept
}

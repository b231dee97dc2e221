/**
 * Refuses what the ledger's final format cannot hold, with the field's name, before anything is written: line breaks and other
 * control characters in its clear one-line fields, and moments outside the years 0001 to 9999 (an offset can push one out).
 */
import { type FieldError, Refusal } from '../../domain/refusal.ts'
import type { Evidence, Notice } from '../../domain/shapes/consent.ts'

/** @throws Refusal invalid, naming each field */
export function refuseUnwritable(said: {
  occurredAt?: string | undefined
  notice?: Notice | undefined
  evidence?: Evidence | undefined
}): void {
  const { occurredAt, notice, evidence } = said
  const errors: FieldError[] = [
    ...momentErrors({ '/occurredAt': occurredAt, '/evidence/expiresAt': evidence?.expiresAt }),
    ...lineErrors({
      '/notice/id': notice?.id,
      '/notice/version': notice?.version,
      '/notice/language': notice?.language,
      '/evidence/formVersion': evidence?.formVersion,
      '/evidence/jurisdiction': evidence?.jurisdiction,
      '/evidence/controller': evidence?.controller,
    }),
  ]
  if (errors.length > 0) throw new Refusal('invalid', 'the ledger cannot hold this', { errors })
}

/** Moments, by pointer, that lie outside the years 0001 to 9999. */
export function momentErrors(moments: Record<string, string | undefined>): FieldError[] {
  return Object.entries(moments).flatMap(([pointer, moment]) =>
    moment === undefined || /^(?!0000)\d{4}-/.test(moment)
      ? []
      : [{ pointer, message: 'lies outside the years 0001 to 9999' }],
  )
}

function lineErrors(lines: Record<string, string | undefined>): FieldError[] {
  return Object.entries(lines).flatMap(([pointer, line]) =>
    line === undefined || !/\p{Cc}/u.test(line)
      ? []
      : [{ pointer, message: 'must hold no control characters' }],
  )
}

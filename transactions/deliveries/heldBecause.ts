/** Why a delivery is held, for operators: its reason, and the codes of the provider's answer. Never the provider's text. */
import { codesOf } from '../../domain/delivery/providerAnswer.ts'

export function heldBecause(row: { reason: string | null; providerAnswer: unknown }): string {
  // Numbers first: the database keeps no order.
  const codes = Object.values(codesOf(row.providerAnswer)).sort(
    (one, two) => Number(isName(one)) - Number(isName(two)),
  )
  const reason = row.reason ?? 'held'
  return codes.length === 0 ? reason : `${reason} (${codes.join(' ')})`
}

function isName(code: string | number): boolean {
  return /^\D/.test(String(code))
}

/** Whether two JSON values are equal: the order of members does not count (RFC 8785). */
import { canonicalBytes } from './ledger/canonical.ts'

export function sameJson(left: unknown, right: unknown): boolean {
  return Buffer.compare(canonicalBytes(left), canonicalBytes(right)) === 0
}

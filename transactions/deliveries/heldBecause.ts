/** Why a delivery is held, for operators: a code, and of the server's answer its numbers. Its words may quote an address. */
import { providerAnswerShape } from '../../domain/delivery/providerAnswer.ts'

export function heldBecause(row: { reason: string | null; providerAnswer: unknown }): string {
  const { code, enhanced } = providerAnswerShape.parse(row.providerAnswer ?? {})
  const numbers = [code, enhanced].filter((one) => one != null)
  const reason = row.reason ?? 'held'
  return numbers.length === 0 ? reason : `${reason} (${numbers.join(' ')})`
}

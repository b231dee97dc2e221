/**
 * A provider's answer to one hand-over. The channel gives it, the delivery's row keeps it, the API shows it. `text`
 * holds the provider's text. Every other field is a code with the provider's own name (`code`, `enhanced`, `stage` for
 * SMTP). Nothing outside the channel knows these names.
 *
 * Codes reach the log and the Temporal UI, so a code never contains anything that identifies a person. `codesOf` drops
 * values that do not look like a code.
 */
import { z } from 'zod'

export type ProviderAnswer = {
  /** The provider's text, with addresses masked, cut to a sensible length. */
  readonly text: string
  readonly [code: string]: string | number | null
}

/** As read back from a row; null and other shapes are empty answers. */
const storedAnswer = z.record(z.string(), z.unknown()).catch({})

/** Short, no address, and no row of digits long enough to be a phone number. */
const CODE = /^(?!.*\d{7})[A-Za-z0-9._-]{1,40}$/

/** The codes of a stored answer. The database does not keep their order. */
export function codesOf(stored: unknown): Readonly<Record<string, string | number>> {
  const codes: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(storedAnswer.parse(stored))) {
    if (name === 'text' || (typeof value !== 'string' && typeof value !== 'number')) continue
    if (CODE.test(String(value))) codes[name] = value
  }
  return codes
}

/** The provider's text in a stored answer; null if there is none. */
export function textOf(stored: unknown): string | null {
  const { text } = storedAnswer.parse(stored)
  return typeof text === 'string' ? text : null
}

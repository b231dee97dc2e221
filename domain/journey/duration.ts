/**
 * Durations as people write them ("3 days", "1 day 12 hours") and as ISO 8601 does ("P3D", "PT1H", "P1DT12H"), in milliseconds.
 *
 * A day is 24 hours and a week 168: these are spans of time, not dates. Months and years have no fixed length and are refused.
 */

/** The longest duration accepted: five years of 365 days. */
export const longestDurationMs = 5 * 365 * 86_400_000

/** A length in milliseconds, or what is wrong with the text, for its author. */
export type DurationResult = { ok: true; ms: number } | { ok: false; message: string }

const unitMs = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 } as const
type Unit = keyof typeof unitMs
const units: readonly Unit[] = ['week', 'day', 'hour', 'minute', 'second']

const longestText = 100
const phrase = /^\d{1,9} ?[a-z]+(?:(?:,? and |, ?| )\d{1,9} ?[a-z]+)*$/
const iso = /^P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/

const notOne =
  'Must be a duration in weeks, days, hours, minutes or seconds, such as "3 days" or "1 day 12 hours", or ISO 8601, such as "P3D".'
const tooVague = 'Months and years have no fixed length. Use weeks or days, such as "30 days" or "P30D".'

/** The text is no duration; the message tells its author what is wrong. */
export class DurationError extends Error {
  override readonly name = 'DurationError'
}

/**
 * The length of a duration in milliseconds: more than 0 and at most `longestDurationMs`.
 *
 * @throws DurationError where `readDuration` refuses.
 */
export function parseDuration(text: string): number {
  const result = readDuration(text)
  if (!result.ok) throw new DurationError(result.message)
  return result.ms
}

/** As `parseDuration`, for texts that may be wrong. Never throws. */
export function readDuration(text: string): DurationResult {
  if (text.length > longestText) return refused(notOne)
  const result = text.startsWith('P') ? parseIso(text) : parsePhrase(text)
  if (!result.ok) return result
  if (result.ms <= 0) return refused('A duration must be longer than zero.')
  if (result.ms > longestDurationMs) return refused('A duration may be at most 5 years (260 weeks).')
  return result
}

function parseIso(text: string): DurationResult {
  const match = iso.exec(text)
  if (!match || text === 'P' || text.endsWith('T')) {
    return refused(/^P[^T]*\d[MY]/.test(text) ? tooVague : notOne)
  }
  return { ok: true, ms: units.reduce((sum, unit, i) => sum + Number(match[i + 1] ?? 0) * unitMs[unit], 0) }
}

function parsePhrase(text: string): DurationResult {
  const normal = text.trim().toLowerCase().replace(/\s+/g, ' ')
  if (!phrase.test(normal)) return refused(notOne)
  let ms = 0
  const seen = new Set<Unit>()
  for (const [, amount, word = ''] of normal.matchAll(/(\d+) ?([a-z]+)/g)) {
    if (/^(months?|years?)$/.test(word)) return refused(tooVague)
    const unit = units.find((one) => word === one || word === `${one}s`)
    if (unit === undefined) return refused(notOne)
    if (seen.has(unit)) return refused(`A duration may name ${unit}s only once.`)
    seen.add(unit)
    ms += Number(amount) * unitMs[unit]
  }
  return { ok: true, ms }
}

function refused(message: string): DurationResult {
  return { ok: false, message }
}

/** The duration in words that `parseDuration` reads back, down to the second: `90000000` is `"1 day 1 hour"`. */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / 1000) * 1000
  const words: string[] = []
  for (const unit of units) {
    const amount = Math.floor(rest / unitMs[unit])
    rest -= amount * unitMs[unit]
    if (amount > 0) words.push(`${amount} ${unit}${amount === 1 ? '' : 's'}`)
  }
  return words.join(' ') || '0 seconds'
}

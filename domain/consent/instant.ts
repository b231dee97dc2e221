/**
 * Moments as text, compared as moments. One canonical form: RFC 3339 in UTC with milliseconds
 * (`2026-11-23T08:15:30.123Z`), or with microseconds if the moment has any. Texts of different precision do not
 * sort as strings ("Z" comes after every digit), so every comparison is done here.
 */

const pattern =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2})(?::?(\d{2}))?)$/

/**
 * The canonical form of a moment. Takes RFC 3339 with any offset, and the text form of Postgres
 * (`2026-11-23 08:15:30.123456+00`). Digits beyond microseconds are cut off.
 * @throws RangeError when the text is no moment, or one outside the years 0000 to 9999
 */
export function instant(text: string): string {
  const parts = pattern.exec(text)
  if (parts === null) throw new RangeError(`not an RFC 3339 moment: ${JSON.stringify(text)}`)
  const [, date, time, fraction = '', zulu, sign, hours = '00', minutes = '00'] = parts
  const wall = Date.parse(`${date}T${time}.000Z`)
  // Date.parse lets 30 February roll over into March: the result must equal the input.
  const real = !Number.isNaN(wall) && new Date(wall).toISOString().startsWith(`${date}T${time}`)
  if (!real || Number(hours) > 23 || Number(minutes) > 59) {
    throw new RangeError(`no such moment: ${JSON.stringify(text)}`)
  }
  const offset = zulu === undefined ? (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1) : 0
  const seconds = new Date(wall - offset * 60_000).toISOString().slice(0, -5)
  if (seconds.length !== 19) throw new RangeError(`outside the years 0000 to 9999: ${JSON.stringify(text)}`)
  const digits = fraction.slice(0, 6).padEnd(6, '0')
  return `${seconds}.${digits.endsWith('000') ? digits.slice(0, 3) : digits}Z`
}

/** True when the text already is in the canonical form with milliseconds, the only one the ledger writes. */
export function isMillisecondInstant(text: string): boolean {
  if (text.length !== 24 || !text.endsWith('Z')) return false
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString() === text
}

/**
 * Negative when `a` is earlier, positive when later, 0 when they are the same moment. Both in canonical form.
 */
export function compareInstants(a: string, b: string): number {
  if (a === b) return 0
  if (a.length === b.length) return a < b ? -1 : 1
  const left = microseconds(a)
  const right = microseconds(b)
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** The earlier of two moments in canonical form. */
export function earlier(a: string, b: string): string {
  return compareInstants(a, b) <= 0 ? a : b
}

/**
 * Whether `moment` has come by `now`. A text that is not a moment counts as come: this is used for expiry, and doubt must
 * not keep a permission alive.
 */
export function hasCome(moment: string, now: string): boolean {
  try {
    return compareInstants(instant(moment), instant(now)) <= 0
  } catch {
    return true
  }
}

function microseconds(canonical: string): string {
  return canonical.length === 24 ? `${canonical.slice(0, -1)}000Z` : canonical
}

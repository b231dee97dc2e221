/**
 * When clocks in a time zone next show a time of day. Pure: the present moment is an argument, since a run's clock may be
 * another than the machine's. Time zones come from `Intl`.
 *
 * Across changes of the clocks as in RFC 5545, section 3.3.5: a time that comes twice means the first, a time that is skipped is
 * read with the offset from before the change (02:30 becomes 03:30 where clocks go from 02:00 to 03:00).
 */

/** Weekdays as the language writes them, from Monday to Sunday. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

const weekdayOfUtcDay: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const dayMs = 86_400_000

/** Hours and minutes of `HH:MM`, or null. */
export function parseTimeOfDay(text: string): { hour: number; minute: number } | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return match ? { hour: Number(match[1]), minute: Number(match[2]) } : null
}

/** Whether this names a time zone: an IANA name that `Intl` knows. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/**
 * The first moment, not before `now`, at which clocks in `zone` show `time` on one of `days` (any day if absent).
 * Moments are milliseconds since 1970 (UTC); `now` itself is answered if it is such a moment.
 *
 * @throws RangeError for a time, a list of days or a zone that `checkJourney` would have refused.
 */
export function nextTimeOfDay(
  wanted: { time: string; days?: readonly Weekday[]; zone: string },
  now: number,
): number {
  const time = parseTimeOfDay(wanted.time)
  if (!time) throw new RangeError('not a time of day')
  const offsetAt = offsets(wanted.zone)
  const localNow = new Date(now + offsetAt(now))
  const today = Date.UTC(localNow.getUTCFullYear(), localNow.getUTCMonth(), localNow.getUTCDate())
  // From yesterday, for a skipped time may fall past midnight, to a day beyond the week, for zones have skipped whole days.
  for (let day = -1; day <= 8; day++) {
    const date = today + day * dayMs
    const weekday = weekdayOfUtcDay[new Date(date).getUTCDay()]
    if (wanted.days && !wanted.days.some((one) => one === weekday)) continue
    const moment = fromLocal(date + (time.hour * 60 + time.minute) * 60_000, offsetAt)
    if (moment >= now) return moment
  }
  throw new RangeError('no such day')
}

type OffsetAt = (moment: number) => number

/** The moment at which local clocks show `local`, written as if it were UTC. */
function fromLocal(local: number, offsetAt: OffsetAt): number {
  const before = offsetAt(local - dayMs)
  const after = offsetAt(local + dayMs)
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    if (offsetAt(local - offset) === offset) return local - offset
  }
  return local - before
}

/** How far a zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offsets(zone: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (moment) => {
    const shown: Record<string, number> = {}
    for (const part of format.formatToParts(moment)) shown[part.type] = Number(part.value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000
  }
}

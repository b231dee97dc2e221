/** What a wait's `until` means: a fixed time, an expression, or a time of day. */
import { z } from 'zod'
import { textShape } from '../shapes/primitives.ts'
import { weekdays } from './schedule.ts'

/** The next moment at which clocks in the zone show `time` on one of `days`. */
export const timeOfDayShape = z
  .strictObject({
    time: textShape(5).meta({ description: 'Time of day, "HH:MM"', example: '09:00' }),
    days: z
      .array(z.enum(weekdays))
      .max(7)
      .exactOptional()
      .meta({ description: 'Weekdays; left out: any day' }),
    zone: textShape(64).meta({
      description: 'IANA time zone, or `contact` for the contact’s own',
      example: 'contact',
    }),
  })
  .meta({ id: 'TimeOfDay', description: 'The next moment at which clocks in the zone show this time' })

type TimeOfDay = z.output<typeof timeOfDayShape>

/** An RFC 3339 time, a CEL expression that gives a timestamp, or the next such time of day. */
export type Until = string | TimeOfDay

export type ReadUntil =
  /** A moment in milliseconds since 1970 (UTC). */
  | { kind: 'moment'; at: number }
  /** CEL that gives a timestamp. */
  | { kind: 'expression'; text: string }
  | { kind: 'timeOfDay'; wanted: TimeOfDay }

/** Tells the forms of `until` apart. A text that reads like an RFC 3339 time but is none, as a 30 February, is an expression, and none that parses. */
export function readUntil(until: Until): ReadUntil {
  if (typeof until !== 'string') return { kind: 'timeOfDay', wanted: until }
  const at = parseInstant(until)
  return at === null ? { kind: 'expression', text: until } : { kind: 'moment', at }
}

const instant =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** The moment of an RFC 3339 time in milliseconds since 1970, or null; a leap second counts as the second after it. */
export function parseInstant(text: string): number | null {
  const match = instant.exec(text)
  if (!match) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  if (year === undefined || month === undefined || day === undefined) return null
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null
  if (hour === undefined || hour > 23 || minute === undefined || minute > 59) return null
  if (second === undefined || second > 60) return null
  const leap = second === 60
  const upper = text.toUpperCase()
  const at = Date.parse(leap ? `${upper.slice(0, 17)}59${upper.slice(19)}` : upper)
  return Number.isNaN(at) ? null : at + (leap ? 1000 : 0)
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTimeZone, nextTimeOfDay, type Weekday, weekdays } from '../../../domain/journey/schedule.ts'
import { parseInstant, readUntil } from '../../../domain/journey/until.ts'

function next(time: string, zone: string, now: string, days?: Weekday[]): string {
  return new Date(nextTimeOfDay({ time, zone, ...(days && { days }) }, Date.parse(now))).toISOString()
}

describe('the next time of day', () => {
  it('is today where it is still to come, now where it is now, else tomorrow', () => {
    expect(next('09:00', 'Europe/Vienna', '2026-11-23T07:59:59.999Z')).toBe('2026-11-23T08:00:00.000Z')
    expect(next('09:00', 'Europe/Vienna', '2026-11-23T08:00:00.000Z')).toBe('2026-11-23T08:00:00.000Z')
    expect(next('09:00', 'Europe/Vienna', '2026-11-23T08:00:00.001Z')).toBe('2026-11-24T08:00:00.000Z')
  })

  it('falls on one of the named days, in the zone of the contact', () => {
    // Monday evening in New York is Tuesday in UTC.
    expect(next('22:00', 'America/New_York', '2026-11-24T02:00:00Z', ['mon'])).toBe(
      '2026-11-24T03:00:00.000Z',
    )
    expect(next('22:00', 'America/New_York', '2026-11-24T03:00:01Z', ['mon'])).toBe(
      '2026-12-01T03:00:00.000Z',
    )
    expect(next('09:00', 'Asia/Tokyo', '2026-11-27T12:00:00Z', ['sat', 'mon'])).toBe(
      '2026-11-28T00:00:00.000Z',
    )
  })

  it('keeps the time on the clock when the clocks change', () => {
    expect(next('09:00', 'Europe/Vienna', '2026-03-28T08:30:00Z')).toBe('2026-03-29T07:00:00.000Z')
    expect(next('09:00', 'Europe/Vienna', '2026-10-24T07:30:00Z')).toBe('2026-10-25T08:00:00.000Z')
  })

  it('reads a time that is skipped with the offset from before, and takes the first of a time that comes twice', () => {
    expect(next('02:30', 'Europe/Vienna', '2026-03-28T22:00:00Z')).toBe('2026-03-29T01:30:00.000Z')
    expect(next('02:30', 'Europe/Vienna', '2026-10-24T22:00:00Z')).toBe('2026-10-25T00:30:00.000Z')
    // Between the two: the first is past, the second is not meant.
    expect(next('02:30', 'Europe/Vienna', '2026-10-25T01:00:00Z')).toBe('2026-10-26T01:30:00.000Z')
    expect(next('02:30', 'America/New_York', '2026-03-08T05:00:00Z')).toBe('2026-03-08T07:30:00.000Z')
    // Lord Howe Island moves by half an hour.
    expect(next('02:15', 'Australia/Lord_Howe', '2026-10-03T14:00:00Z')).toBe('2026-10-03T15:45:00.000Z')
  })

  it('skips a day that a zone skipped', () => {
    expect(next('09:00', 'Pacific/Apia', '2011-12-30T08:00:00Z')).toBe('2011-12-30T19:00:00.000Z')
  })

  it('is never past, at most a little over a week away, and shows the time wanted', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Vienna',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Chatham',
      'America/St_Johns',
    )
    const moments = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) })
    fc.assert(
      fc.property(
        zones,
        moments,
        fc.nat(23),
        fc.nat(59),
        fc.subarray([...weekdays], { minLength: 1 }),
        (zone, now, h, m, days) => {
          const time = `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`
          const at = nextTimeOfDay({ time, days, zone }, now)
          expect(at).toBeGreaterThanOrEqual(now)
          expect(at - now).toBeLessThanOrEqual(8 * 86_400_000)
          const shown = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            hour: '2-digit',
            minute: '2-digit',
            weekday: 'short',
          }).formatToParts(at)
          const part = (type: string) => shown.find((one) => one.type === type)?.value ?? ''
          // In the hour or so that a zone skips, the clock shows that much later.
          if (`${part('hour')}:${part('minute')}` !== time) expect(h).toBeLessThan(4)
          expect(days).toContain(part('weekday').toLowerCase())
        },
      ),
      { numRuns: 300 },
    )
  })

  it('knows time zones', () => {
    expect(['UTC', 'Europe/Vienna', 'contact', 'Mars/Base', '', '+01:00'].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('until', () => {
  it('is a moment, an expression or a time of day', () => {
    expect(readUntil('2026-12-24T18:00:00+01:00')).toEqual({
      kind: 'moment',
      at: Date.parse('2026-12-24T17:00:00Z'),
    })
    expect(readUntil('now + duration("1h")')).toEqual({ kind: 'expression', text: 'now + duration("1h")' })
    const wanted = { time: '09:00', zone: 'contact' }
    expect(readUntil(wanted)).toEqual({ kind: 'timeOfDay', wanted })
  })

  it.each([
    ['2026-11-23T08:15:30Z', '2026-11-23T08:15:30.000Z'],
    ['2026-11-23t08:15:30.25z', '2026-11-23T08:15:30.250Z'],
    ['2026-11-23T08:15:30-05:30', '2026-11-23T13:45:30.000Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2026-02-29T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['2026-11-23T24:00:00Z', null],
    ['2026-11-23T08:60:00Z', null],
    ['2026-11-23T08:15:30', null],
    ['2026-11-23', null],
  ])('reads %s as RFC 3339 does', (text, expected) => {
    const at = parseInstant(text)
    expect(at === null ? null : new Date(at).toISOString()).toBe(expected)
  })
})

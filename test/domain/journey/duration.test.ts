import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DurationError,
  formatDuration,
  longestDurationMs,
  parseDuration,
  readDuration,
} from '../../../domain/journey/duration.ts'

const hour = 3_600_000
const day = 24 * hour

describe('a duration', () => {
  it.each([
    ['3 days', 3 * day],
    ['1 hour', hour],
    ['90 minutes', 1.5 * hour],
    ['2 weeks', 14 * day],
    ['30 seconds', 30_000],
    ['1 day 12 hours', 1.5 * day],
    ['1 day, 12 hours', 1.5 * day],
    ['1 day and 12 hours', 1.5 * day],
    ['  3  Days ', 3 * day],
    ['3days', 3 * day],
    ['P3D', 3 * day],
    ['PT1H', hour],
    ['P1W', 7 * day],
    ['P1DT12H', 1.5 * day],
    ['PT90M', 1.5 * hour],
    ['PT30S', 30_000],
    ['260 weeks', 260 * 7 * day],
  ])('is read from "%s"', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    ['', /Must be a duration/],
    ['soon', /Must be a duration/],
    ['3', /Must be a duration/],
    ['3 fortnights', /Must be a duration/],
    ['-3 days', /Must be a duration/],
    ['1.5 days', /Must be a duration/],
    ['3 days 2', /Must be a duration/],
    ['P', /Must be a duration/],
    ['PT', /Must be a duration/],
    ['P1DT', /Must be a duration/],
    ['P1H', /Must be a duration/],
    ['1 month', /no fixed length/],
    ['2 years', /no fixed length/],
    ['P1M', /no fixed length/],
    ['P1Y2D', /no fixed length/],
    ['1 day 2 days', /only once/],
    ['0 days', /longer than zero/],
    ['PT0S', /longer than zero/],
    ['261 weeks', /at most 5 years/],
    ['999999999 weeks', /at most 5 years/],
    [`${'1 day '.repeat(50)}`, /Must be a duration/],
  ])('is not read from "%s"', (text, message) => {
    expect(readDuration(text)).toEqual({ ok: false, message: expect.stringMatching(message) })
    expect(() => parseDuration(text)).toThrow(DurationError)
  })

  it('is read back from its words', () => {
    expect(formatDuration(25 * hour)).toBe('1 day 1 hour')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: longestDurationMs / 1000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
  })
})

/** Moments as text, compared as moments. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareInstants,
  earlier,
  hasCome,
  instant,
  isMillisecondInstant,
} from '../../../domain/consent/instant.ts'

describe('the canonical form of a moment', () => {
  it.each([
    ['2026-11-23T08:15:30Z', '2026-11-23T08:15:30.000Z'],
    ['2026-11-23t08:15:30z', '2026-11-23T08:15:30.000Z'],
    ['2026-11-23T08:15:30.1Z', '2026-11-23T08:15:30.100Z'],
    ['2026-11-23T08:15:30.123456Z', '2026-11-23T08:15:30.123456Z'],
    ['2026-11-23T08:15:30.123000Z', '2026-11-23T08:15:30.123Z'],
    ['2026-11-23T08:15:30.123456789Z', '2026-11-23T08:15:30.123456Z'],
    ['2026-11-23T08:15:30+01:00', '2026-11-23T07:15:30.000Z'],
    ['2026-01-01T00:15:00.000001-05:30', '2026-01-01T05:45:00.000001Z'],
    ['2026-11-23 08:15:30.123456+00', '2026-11-23T08:15:30.123456Z'],
  ])('of %s is %s', (text, canonical) => {
    expect(instant(text)).toBe(canonical)
  })

  it.each([
    '',
    'now',
    '2026-11-23',
    '2026-11-23T08:15:30',
    '2026-02-29T00:00:00Z',
    '2026-11-23T24:00:01Z',
    '2026-11-23T08:15:30+24:00',
    '0000-01-01T00:00:00+01:00',
  ])('is refused for %j', (text) => {
    expect(() => instant(text)).toThrow(RangeError)
  })

  it('compares as the moments do', () => {
    const time = fc.record({
      ms: fc.integer({ min: 1.7e12, max: 1.7e12 + 3 }),
      us: fc.integer({ min: 0, max: 2 }),
    })
    const text = ({ ms, us }: { ms: number; us: number }) =>
      instant(new Date(ms).toISOString().replace('Z', `00${us}Z`))
    fc.assert(
      fc.property(time, time, (a, b) => {
        const expected = Math.sign(a.ms * 1000 + a.us - (b.ms * 1000 + b.us))
        expect(Math.sign(compareInstants(text(a), text(b)))).toBe(expected)
        expect(earlier(text(a), text(b))).toBe(expected <= 0 ? text(a) : text(b))
        expect(hasCome(text(a), text(b))).toBe(expected <= 0)
      }),
    )
  })

  it('is in milliseconds in the ledger, and in no other form', () => {
    expect(isMillisecondInstant('2026-11-23T08:15:30.123Z')).toBe(true)
    for (const other of [
      '2026-11-23T08:15:30Z',
      '2026-11-23T08:15:30.123456Z',
      '2026-02-30T08:15:30.123Z',
      '+12026-11-23T08:15:30.123',
    ]) {
      expect(isMillisecondInstant(other)).toBe(false)
    }
  })

  it('counts as come where it cannot be read', () => {
    expect(hasCome('soon', '2026-11-23T08:15:30.123Z')).toBe(true)
  })
})

/** Whether a contact may enter a journey again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mayEnter, mostOpenRuns } from '../../../domain/journey/reentry.ts'

const now = '2026-11-24T12:00:00.000Z'
const ago = (hours: number) => new Date(Date.parse(now) - hours * 3_600_000).toISOString()
const first = { newest: null, open: 0 }
const running = { newest: { startedAt: ago(1), open: true }, open: 1 }
const ended = { newest: { startedAt: ago(24), open: false }, open: 0 }

describe('a contact enters a journey', () => {
  it.each(['never', 'always', { after: '7 days' }, undefined] as const)(
    'for the first time: %j',
    (reentry) => {
      expect(mayEnter(reentry, first, now)).toBe('enters')
    },
  )

  it('once, if re-entry is left out or "never"', () => {
    for (const reentry of [undefined, 'never' as const]) {
      expect(mayEnter(reentry, ended, now)).toBe('reentry-not-permitted')
      expect(mayEnter(reentry, running, now)).toBe('reentry-not-permitted')
    }
  })

  it('again after the duration, counted from the start of the newest run, and only once that has ended', () => {
    expect(mayEnter({ after: '1 day' }, ended, now)).toBe('enters')
    expect(mayEnter({ after: '25 hours' }, ended, now)).toBe('reentry-not-permitted')
    expect(mayEnter({ after: '1 hour' }, running, now)).toBe('reentry-not-permitted')
  })

  it('always, until it has as many open runs as one may', () => {
    expect(mayEnter('always', { ...running, open: mostOpenRuns - 1 }, now)).toBe('enters')
    expect(mayEnter('always', { ...running, open: mostOpenRuns }, now)).toBe('too-many-runs')
  })

  it('never with more open runs than the most', () => {
    const rules = fc.constantFrom(undefined, 'never' as const, 'always' as const, { after: '1 hour' })
    fc.assert(
      fc.property(rules, fc.integer({ min: mostOpenRuns, max: 1_000 }), fc.nat(100), (rule, open, hours) => {
        const newest = { startedAt: ago(hours), open: true }
        expect(mayEnter(rule, { newest, open }, now)).not.toBe('enters')
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import { noStanding } from '../../../domain/consent/standing.ts'
import type { Entry } from '../../../domain/consent/types.ts'
import { isOn, newestWord } from '../../../domain/preferences/boxes.ts'
import { inByOwn, outByOwn } from './sampleBoxes.ts'

const now = '2026-11-23T08:00:00.000Z'
const restrictive = { enforcement: 'restrictive', silence: 'on' } as const
const lenient = { enforcement: 'non-restrictive', silence: 'on' } as const

describe('a box', () => {
  it('of a restrictive purpose is ticked with an opt-in only', () => {
    expect(isOn(inByOwn, restrictive, now)).toBe(true)
    expect(isOn(noStanding, restrictive, now)).toBe(false)
    expect(isOn(outByOwn, restrictive, now)).toBe(false)
  })

  it('of a non-restrictive purpose is ticked until an opt-out', () => {
    expect(isOn(inByOwn, lenient, now)).toBe(true)
    expect(isOn(noStanding, lenient, now)).toBe(true)
    expect(isOn(outByOwn, lenient, now)).toBe(false)
  })

  it('of tracking that does not happen unless chosen is not ticked in silence', () => {
    expect(isOn(noStanding, { ...lenient, silence: 'off' }, now)).toBe(false)
    expect(isOn(inByOwn, { ...lenient, silence: 'off' }, now)).toBe(true)
  })

  it('is not ticked by an opt-in that has ended', () => {
    expect(isOn({ ...inByOwn, expiresAt: now }, restrictive, now)).toBe(false)
    expect(isOn({ ...inByOwn, expiresAt: '2026-11-23T08:00:00.001Z' }, restrictive, now)).toBe(true)
  })
})

describe('the newest word on a box', () => {
  const entry = (purpose: string, topic: string | null, seq: number): Entry => ({
    purpose,
    topic,
    newest: { state: 'opted-out', at: now, seq, event: `e${seq}`, expiresAt: null },
    newestOptOut: { at: now, seq, event: `e${seq}` },
    pending: [],
  })

  it('is its own, its purpose’s or that of everything, whichever is last', () => {
    const entries = [
      entry('*', null, 2),
      entry('news', null, 4),
      entry('news', 'a', 3),
      entry('news', 'b', 9),
      entry('other', null, 8),
    ]
    expect(newestWord({ entries }, 'news', 'a')).toBe(4)
    expect(newestWord({ entries }, 'news', null)).toBe(4)
    expect(newestWord({ entries }, 'silent', null)).toBe(2)
    expect(newestWord({ entries: [] }, 'news', null)).toBe(0)
  })
})

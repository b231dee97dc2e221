import { describe, expect, it } from 'vitest'
import { noStanding } from '../../../domain/consent/standing.ts'
import type { Entry } from '../../../domain/consent/types.ts'
import { boxesOf, isOn, newestWord } from '../../../domain/preferences/boxes.ts'
import { purposeShape } from '../../../domain/shapes/purpose.ts'
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

describe('the boxes of a purpose', () => {
  it('follow what the purpose says of the channel, before what it says of all', () => {
    const definition = purposeShape.parse({
      name: 'News',
      description: 'What is new',
      kind: 'commercial',
      enforcement: 'restrictive',
      channels: { sms: 'non-restrictive' },
    })
    const on = (channel: string) =>
      boxesOf(
        { key: 'news', version: 1, definition },
        { channel, standings: { entries: [] }, defaultTracking: 'track', now },
      )?.purpose.on
    expect({ email: on('email'), sms: on('sms') }).toEqual({ email: false, sms: true })
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

  it('is also an opt-out of old that was recorded last, though a newer opt-in stands', () => {
    const optIn = { state: 'opted-in', at: now, seq: 1, event: 'e1', expiresAt: null } as const
    const late = { ...entry('news', null, 2), newest: optIn }
    expect(newestWord({ entries: [late] }, 'news', null)).toBe(2)
  })
})

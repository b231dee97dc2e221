/** The rules of consent state, one by one, each with the smallest ledger that shows it. */
import { describe, expect, it } from 'vitest'
import { fold } from '../../../domain/consent/fold.ts'
import { standing } from '../../../domain/consent/standing.ts'
import type { FoldEvent, View } from '../../../domain/consent/types.ts'
import { at, optIn, optOut, pending, pendingEnded, retraction } from './events.ts'

function how(events: FoldEvent[], purpose: string, topic: string | null, view?: View) {
  return standing(fold(events, view), purpose, topic)
}
const state = (events: FoldEvent[], purpose: string, topic: string | null, view?: View) =>
  how(events, purpose, topic, view).state

describe('order', () => {
  it('is by the lesser of the two times, so a fast foreign clock cannot beat a withdrawal', () => {
    const fast = optIn(1, 'news', null, at(9, 4), { recordedAt: at(9, 0) })
    const oneClick = optOut(2, 'news', null, at(9, 2))
    expect(how([fast, oneClick], 'news', null)).toMatchObject({ state: 'opted-out', since: at(9, 2) })
    expect(how([fast], 'news', null).since).toBe(at(9, 0))
  })

  it('lets late news of an older event be recorded and change nothing newer', () => {
    const optedOut = optOut(1, 'news', null, at(12))
    const late = optIn(2, 'news', null, at(9), { recordedAt: at(15) })
    expect(state([optedOut, late], 'news', null)).toBe('opted-out')
    expect(state([late], 'news', null)).toBe('opted-in')
  })

  it('gives the opt-out precedence on equal times, whichever was recorded first', () => {
    expect(state([optIn(1, 'news', null, at(9)), optOut(2, 'news', null, at(9))], 'news', null)).toBe(
      'opted-out',
    )
    expect(state([optOut(1, 'news', null, at(9)), optIn(2, 'news', null, at(9))], 'news', null)).toBe(
      'opted-out',
    )
    const everything = [
      optOut(1, '*', null, at(9)),
      optIn(2, 'news', null, at(9)),
      optIn(3, 'news', 'events', at(9)),
    ]
    expect(state(everything, 'news', null)).toBe('opted-out')
    expect(state(everything, 'news', 'events')).toBe('opted-out')
  })

  it('is by chain sequence among events of the same state and time', () => {
    const twice = [optIn(2, 'news', null, at(9)), optIn(1, 'news', null, at(9))]
    expect(how(twice, 'news', null).events).toEqual(['event-2'])
  })

  it('compares moments and not texts, whatever their precision and offset', () => {
    const inMicroseconds = optIn(1, 'news', null, '2026-11-02T09:00:00.123456Z')
    const inMilliseconds = optOut(2, 'news', null, '2026-11-02T09:00:00.123Z')
    expect(state([inMicroseconds, inMilliseconds], 'news', null)).toBe('opted-in')
    const inVienna = optOut(2, 'news', null, '2026-11-02T10:00:00.1235+01:00')
    expect(state([inMicroseconds, inVienna], 'news', null)).toBe('opted-out')
    const whole = optOut(2, 'news', null, '2026-11-02T09:00:00Z')
    expect(state([optIn(1, 'news', null, '2026-11-02T09:00:00.000Z'), whole], 'news', null)).toBe('opted-out')
  })
})

describe('a purpose', () => {
  it('has the state none without events', () => {
    expect(how([], 'news', null)).toEqual({
      state: 'none',
      by: null,
      since: null,
      events: [],
      expiresAt: null,
      pending: false,
    })
  })

  it('has the state of the newest of its own events', () => {
    const events = [
      optIn(1, 'news', null, at(9)),
      optOut(2, 'news', null, at(10)),
      optIn(3, 'news', null, at(11)),
    ]
    expect(how(events, 'news', null)).toMatchObject({
      state: 'opted-in',
      by: 'own',
      since: at(11),
      events: ['event-3'],
    })
  })

  it('is opted out by a newer opt-out of everything, and opted in again by a newer opt-in of its own', () => {
    const off = [optIn(1, 'news', null, at(9)), optOut(2, '*', null, at(10))]
    expect(how(off, 'news', null)).toMatchObject({
      state: 'opted-out',
      by: 'everything',
      events: ['event-2'],
    })
    expect(how(off, 'offers', null)).toMatchObject({ state: 'opted-out', by: 'everything' })
    const again = [...off, optIn(3, 'news', null, at(11))]
    expect(state(again, 'news', null)).toBe('opted-in')
    expect(state(again, 'offers', null)).toBe('opted-out')
  })

  it('hears nothing of its topics', () => {
    expect(state([optIn(1, 'news', 'events', at(9))], 'news', null)).toBe('none')
    expect(state([optIn(1, 'news', null, at(9)), optOut(2, 'news', 'events', at(10))], 'news', null)).toBe(
      'opted-in',
    )
  })

  it('carries the expiry of its opt-in, and an opt-out carries none', () => {
    const expiring = optIn(1, 'news', null, at(9), { expiresAt: '2027-11-02T09:00:00+01:00' })
    expect(how([expiring], 'news', null).expiresAt).toBe('2027-11-02T08:00:00.000Z')
    const optedOut = optOut(2, 'news', null, at(10), { expiresAt: at(11) })
    expect(how([expiring, optedOut], 'news', null).expiresAt).toBeNull()
  })
})

describe('everything', () => {
  it('is never opted in', () => {
    const events = [optOut(1, '*', null, at(9)), optIn(2, '*', null, at(10))]
    expect(state(events, '*', null)).toBe('opted-out')
    expect(state(events, 'news', null)).toBe('opted-out')
    expect(fold([optIn(1, '*', null, at(9))])).toEqual({ entries: [] })
  })
})

describe('a topic', () => {
  it('has the state of its own newest event, and grants neither its purpose nor other topics', () => {
    const events = [optOut(1, 'news', 'events', at(9)), optIn(2, 'news', 'events', at(10))]
    expect(how(events, 'news', 'events')).toMatchObject({ state: 'opted-in', by: 'own', events: ['event-2'] })
    expect(state(events, 'news', null)).toBe('none')
    expect(state(events, 'news', 'offers')).toBe('none')
    expect(state(events, 'other', 'events')).toBe('none')
  })

  it('is opted out through its purpose or through everything, future topics included', () => {
    const purposeOff = [optIn(1, 'news', 'events', at(9)), optOut(2, 'news', null, at(10))]
    expect(how(purposeOff, 'news', 'events')).toMatchObject({
      state: 'opted-out',
      by: 'purpose',
      since: at(10),
    })
    expect(how(purposeOff, 'news', 'founded-later')).toMatchObject({ state: 'opted-out', by: 'purpose' })
    const allOff = [optIn(1, 'news', 'events', at(9)), optOut(2, '*', null, at(10))]
    expect(how(allOff, 'news', 'founded-later')).toMatchObject({
      state: 'opted-out',
      by: 'everything',
      events: ['event-2'],
    })
  })

  it('can be opted in to again while its purpose stays opted out', () => {
    const events = [optOut(1, 'news', null, at(9)), optIn(2, 'news', 'events', at(10))]
    expect(how(events, 'news', 'events')).toMatchObject({ state: 'opted-in', by: 'own' })
    expect(state(events, 'news', 'offers')).toBe('opted-out')
  })

  it('is not revived by opting in to its purpose again', () => {
    const events = [
      optIn(1, 'news', 'events', at(9)),
      optOut(2, 'news', null, at(10)),
      optIn(3, 'news', null, at(11)),
    ]
    expect(state(events, 'news', null)).toBe('opted-in')
    expect(how(events, 'news', 'events')).toEqual({
      state: 'none',
      by: null,
      since: null,
      events: ['event-1', 'event-2'],
      expiresAt: null,
      pending: false,
    })
    const everything = [
      optIn(1, 'news', 'events', at(9)),
      optOut(2, '*', null, at(10)),
      optIn(3, 'news', null, at(11)),
    ]
    expect(state(everything, 'news', 'events')).toBe('none')
  })

  it('keeps its own opt-out when its purpose is opted in to', () => {
    const events = [
      optOut(1, 'news', 'events', at(9)),
      optOut(2, 'news', null, at(10)),
      optIn(3, 'news', null, at(11)),
    ]
    expect(how(events, 'news', 'events')).toMatchObject({
      state: 'opted-out',
      by: 'own',
      since: at(9),
      events: ['event-1'],
    })
  })

  it('does not fall back on its older opt-out when its opt-in is void', () => {
    const events = [
      optOut(1, 'news', 'events', at(8)),
      optIn(2, 'news', 'events', at(9)),
      optOut(3, 'news', null, at(10)),
      optIn(4, 'news', null, at(11)),
    ]
    expect(state(events, 'news', 'events')).toBe('none')
  })
})

describe('a pending double opt-in', () => {
  const asked = pending(1, 'news', null, at(9), 'request-1')

  it('is a flag beside the state and changes none', () => {
    expect(how([asked], 'news', null)).toMatchObject({ state: 'none', pending: true, events: ['event-1'] })
    const optedOut = optOut(1, 'news', null, at(8))
    const stranger = pending(2, 'news', null, at(9), 'request-1')
    expect(how([optedOut, stranger], 'news', null)).toMatchObject({
      state: 'opted-out',
      pending: true,
      events: ['event-1'],
    })
    const optedIn = optIn(1, 'news', null, at(8))
    expect(how([optedIn, stranger], 'news', null)).toMatchObject({
      state: 'opted-in',
      pending: true,
      events: ['event-1'],
    })
  })

  it('is pending for what was asked only', () => {
    expect(how([asked], 'news', 'events').pending).toBe(false)
    expect(how([pending(1, 'news', 'events', at(9), 'request-1')], 'news', null).pending).toBe(false)
  })

  it('ends by the confirmation that carries the same request', () => {
    const other = optIn(2, 'news', null, at(10), { doubleOptIn: 'request-2' })
    expect(how([asked, other], 'news', null)).toMatchObject({ state: 'opted-in', pending: true })
    const confirmed = optIn(2, 'news', null, at(10), { doubleOptIn: 'request-1' })
    expect(how([asked, confirmed], 'news', null)).toMatchObject({ state: 'opted-in', pending: false })
  })

  it('ends by its end, for every grant of the request', () => {
    const both = [asked, pending(2, 'news', 'events', at(9), 'request-1')]
    const ended = [...both, pendingEnded(3, 'news', null, at(10), 'request-1')]
    expect(how(ended, 'news', null)).toMatchObject({ state: 'none', pending: false, events: [] })
    expect(how(ended, 'news', 'events').pending).toBe(false)
    expect(how([...both, pendingEnded(3, 'news', null, at(10), 'request-2')], 'news', null).pending).toBe(
      true,
    )
  })

  it('ends by a newer opt-out of the same, of its purpose or of everything, and not by an older one', () => {
    const topicAsked = pending(1, 'news', 'events', at(9), 'request-1')
    for (const [purpose, topic] of [
      ['news', 'events'],
      ['news', null],
      ['*', null],
    ] as const) {
      expect(how([topicAsked, optOut(2, purpose, topic, at(10))], 'news', 'events').pending).toBe(false)
      expect(how([topicAsked, optOut(2, purpose, topic, at(9))], 'news', 'events').pending).toBe(false)
      const late = optOut(2, purpose, topic, at(8), { recordedAt: at(10) })
      expect(how([topicAsked, late], 'news', 'events')).toMatchObject({ state: 'opted-out', pending: true })
    }
    expect(how([topicAsked, optOut(2, 'news', 'offers', at(10))], 'news', 'events').pending).toBe(true)
    expect(how([asked, optOut(2, 'news', 'events', at(10))], 'news', null).pending).toBe(true)
  })

  it('is gone from the entry itself once an opt-out from above has overtaken it', () => {
    const topicAsked = pending(1, 'news', 'events', at(9), 'request-1')
    const left = (purpose: string) =>
      fold([topicAsked, optOut(2, purpose, null, at(10))]).entries.map((entry) => entry.topic)
    expect(left('news')).toEqual([null])
    expect(left('*')).toEqual([null])
    expect(left('other')).toEqual(['events', null])
  })

  it('is not reset by asking again', () => {
    const again = pending(2, 'news', null, at(11), 'request-1')
    const [entry] = fold([again, asked]).entries
    expect(entry?.pending).toEqual([{ doubleOptIn: 'request-1', event: 'event-1', since: at(9) }])
  })

  it('stays while another request for the same ends', () => {
    const events = [
      asked,
      pending(2, 'news', null, at(10), 'request-2'),
      pendingEnded(3, 'news', null, at(11), 'request-1'),
    ]
    expect(how(events, 'news', null)).toMatchObject({ pending: true, events: ['event-2'] })
  })
})

describe('a retraction', () => {
  it('lets what stood before stand again: START after STOP', () => {
    const optedIn = optIn(1, 'news', null, at(9))
    const stop = optOut(2, '*', null, at(10))
    const events = [optedIn, stop, retraction(3, stop, at(11))]
    expect(how(events, 'news', null)).toMatchObject({ state: 'opted-in', events: ['event-1'] })
    expect(state(events, 'offers', null)).toBe('none')
  })

  it('revives a topic that the retracted opt-out had voided', () => {
    const stop = optOut(2, '*', null, at(10))
    const events = [optIn(1, 'news', 'events', at(9)), stop, retraction(3, stop, at(11))]
    expect(state(events, 'news', 'events')).toBe('opted-in')
  })

  it('changes nothing where something newer has happened', () => {
    const imported = optIn(1, 'news', null, at(9))
    const events = [imported, optOut(2, 'news', null, at(10)), retraction(3, imported, at(11))]
    expect(state(events, 'news', null)).toBe('opted-out')
  })

  it('takes out a request, and the end of one', () => {
    const asked = pending(1, 'news', null, at(9), 'request-1')
    const ended = pendingEnded(2, 'news', null, at(10), 'request-1')
    expect(how([asked, retraction(2, asked, at(10))], 'news', null).pending).toBe(false)
    expect(how([asked, ended, retraction(3, ended, at(11))], 'news', null).pending).toBe(true)
  })

  it('is the only kind of event that takes another out', () => {
    const optedOut = optOut(1, 'news', null, at(9))
    expect(state([optedOut, optIn(2, 'other', null, at(10), { retracts: optedOut.id })], 'news', null)).toBe(
      'opted-out',
    )
  })

  it('cannot be retracted', () => {
    const optedOut = optOut(1, 'news', null, at(9))
    const taken = retraction(2, optedOut, at(10))
    expect(state([optedOut, taken, retraction(3, taken, at(11))], 'news', null)).toBe('none')
  })
})

describe('terms', () => {
  it('do not enter consent', () => {
    const accepted: FoldEvent = { ...optIn(1, 'news', null, at(9)), kind: 'terms', state: null }
    expect(fold([accepted])).toEqual({ entries: [] })
  })
})

describe('a view of the past', () => {
  const optedIn = optIn(1, 'news', null, at(9))
  const late = optOut(2, 'news', null, at(10), { recordedAt: at(14) })
  const taken = retraction(3, late, at(16))
  const events = [optedIn, late, taken]

  it('as of a time counts what had happened by then, however late it was recorded', () => {
    expect(state(events, 'news', null, { asOf: at(8, 59) })).toBe('none')
    expect(state(events, 'news', null, { asOf: at(9) })).toBe('opted-in')
    expect(state(events, 'news', null, { asOf: at(12) })).toBe('opted-out')
  })

  it('as known at a time counts what was recorded by then', () => {
    expect(state(events, 'news', null, { knownAt: at(12) })).toBe('opted-in')
    expect(state(events, 'news', null, { knownAt: at(14) })).toBe('opted-out')
    expect(state(events, 'news', null, { asOf: at(12), knownAt: at(12) })).toBe('opted-in')
  })

  it('does not know a retraction that came later', () => {
    expect(state(events, 'news', null, { asOf: at(15) })).toBe('opted-out')
    expect(state(events, 'news', null, { asOf: at(16) })).toBe('opted-in')
    expect(state(events, 'news', null, { asOf: at(12), knownAt: at(16) })).toBe('opted-out')
  })
})

describe('what is stored', () => {
  it("is sorted, plain JSON, and of the entry's own events alone", () => {
    const events = [
      optIn(1, 'news', 'offers', at(9)),
      optIn(2, 'news', 'events', at(9)),
      optOut(3, '*', null, at(10)),
      optIn(4, 'news', null, at(8)),
      optIn(5, 'ads', null, at(8)),
    ]
    const standings = fold(events)
    expect(standings.entries.map(({ purpose, topic }) => [purpose, topic])).toEqual([
      ['*', null],
      ['ads', null],
      ['news', null],
      ['news', 'events'],
      ['news', 'offers'],
    ])
    expect(JSON.parse(JSON.stringify(standings))).toEqual(standings)
    expect(standings.entries[3]).toEqual({
      purpose: 'news',
      topic: 'events',
      newest: { state: 'opted-in', at: at(9), seq: 2, event: 'event-2', expiresAt: null },
      newestOptOut: null,
      pending: [],
    })
  })

  it('refuses an event whose time is none', () => {
    expect(() => fold([optIn(1, 'news', null, 'yesterday')])).toThrow('not an RFC 3339 moment')
    expect(() => fold([optIn(1, 'news', null, '2026-02-30T09:00:00Z')])).toThrow('no such moment')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../../domain/consent/fold.ts'
import { standing } from '../../../domain/consent/standing.ts'
import type { FoldEvent, Standings } from '../../../domain/consent/types.ts'
import { type Box, type BoxGroup, boxesOf } from '../../../domain/preferences/boxes.ts'
import { type Change, type Changes, changesOf, type Submitted } from '../../../domain/preferences/changes.ts'
import { purposeShape } from '../../../domain/shapes/purpose.ts'
import { at, consent, optIn, optOut, pending } from '../consent/events.ts'
import { came } from './sampleBoxes.ts'

const now = at(20)

/** A page of one purpose, `news`, with the topics named. */
function page(
  events: readonly FoldEvent[],
  options: { topics?: string[]; enforcement?: 'restrictive' | 'non-restrictive' } = {},
) {
  const { topics = [], enforcement = 'restrictive' } = options
  const definition = purposeShape.parse({
    name: 'News',
    description: 'What is new',
    kind: 'commercial',
    enforcement,
    topics: topics.map((key) => ({ key, name: key, description: key })),
  })
  const standings = fold(events)
  const stands = { channel: 'email', standings, defaultTracking: 'track', now } as const
  const group = boxesOf({ key: 'news', version: 1, definition }, stands)
  if (group === null) throw new Error('no boxes')
  const [purpose, ...rest] = [group.purpose, ...group.topics]
  if (purpose === undefined) throw new Error('no box')
  const box = (topic: string | null) => {
    const found = [purpose, ...rest].find((one) => one.topic === topic)
    if (found === undefined) throw new Error(`no box for ${topic}`)
    return found
  }
  const save = (submitted: Submitted[], seen = 100, keep: 'on' | 'opted-in' = 'on') =>
    changesOf([group], submitted, { seen, standings, keep })
  return { group, standings, box, save }
}

const named = (changes: readonly Change[]): string[] =>
  changes.map(({ box, why }) => `${box.topic ?? box.purpose}${why === 'touched' ? '' : ` ${why}`}`)
const nothing: Changes = { optOuts: [], optIns: [], overtaken: [] }
/** As a page had shown it that was made before something changed. */
const shownOff = (box: Box, ticked: boolean): Submitted => ({ ...came(box, ticked), shown: false })
const shownOn = (box: Box, ticked: boolean): Submitted => ({ ...came(box, ticked), shown: true })

describe('a saved preference centre', () => {
  it('says nothing of a box that was not touched, whatever happened to it meanwhile', () => {
    const { box, save } = page([optOut(1, 'news', null, at(9))])
    expect(save([shownOn(box(null), true)])).toEqual(nothing)
  })

  it('opts out of what was unticked and in to what was ticked, each box for itself', () => {
    const { box, save } = page([optIn(1, 'news', null, at(9))], { topics: ['events'] })
    const changes = save([came(box(null), false), came(box('events'), true)])
    expect(named(changes.optOuts)).toEqual(['news'])
    expect(named(changes.optIns)).toEqual(['events'])
  })

  it('does not record a consent again that already applies', () => {
    const off = page([optOut(1, 'news', null, at(9))])
    expect(off.save([shownOn(off.box(null), false)])).toEqual(nothing)
    const on = page([optIn(1, 'news', null, at(9))])
    expect(on.save([shownOff(on.box(null), true)])).toEqual(nothing)
  })

  it.each([
    ['its purpose', [optOut(1, 'news', null, at(9))]],
    ['everything', [optOut(1, '*', null, at(9))]],
    [
      'itself, with a request pending',
      [optOut(1, 'news', 'events', at(9)), pending(2, 'news', 'events', at(10), 'r')],
    ],
  ])('opts out of its own accord even where it is off by %s', (_by, events) => {
    const { box, save } = page(events, { topics: ['events'] })
    expect(named(save([shownOn(box('events'), false)]).optOuts)).toEqual(['events'])
  })

  it('opts out of a purpose that is out already, while one of its topics was switched on elsewhere', () => {
    const events = [optOut(1, 'news', null, at(9)), optIn(2, 'news', 'events', at(10))]
    const { box, save } = page(events, { topics: ['events'] })
    const stale = [shownOn(box(null), false), shownOff(box('events'), false)]
    expect(named(save(stale).optOuts)).toEqual(['news'])
    expect(save(stale).optIns).toEqual([])
  })

  it('opts out of a purpose for the sake of a topic that is no longer offered', () => {
    const { box, save } = page([optOut(1, 'news', null, at(9)), optIn(2, 'news', 'gone', at(10))])
    expect(named(save([shownOn(box(null), false)]).optOuts)).toEqual(['news'])
  })

  it('cannot switch on again what was switched off after the page was made', () => {
    const { box, save } = page([optIn(1, 'news', null, at(9)), optOut(2, 'news', null, at(10))])
    const stale = save([shownOff(box(null), true)], 1)
    expect(stale.optIns).toEqual([])
    expect(stale.overtaken).toEqual([box(null)])
    expect(named(save([shownOff(box(null), true)], 2).optIns)).toEqual(['news'])
  })

  it('switches off whatever happened since', () => {
    const { box, save } = page([optIn(1, 'news', null, at(9))])
    expect(named(save([came(box(null), false)], 0).optOuts)).toEqual(['news'])
  })

  it('says nothing of boxes that are not there', () => {
    const { save } = page([])
    const gone = { purpose: 'gone', topic: null, version: 1, shown: false, ticked: true }
    expect(save([gone])).toEqual(nothing)
  })
})

describe('the box of a purpose with topics', () => {
  const topics = ['a', 'b', 'c']

  it('unticked, keeps on the topics that were left ticked', () => {
    const events = [optIn(1, 'news', null, at(9)), optIn(2, 'news', 'a', at(9)), optIn(3, 'news', 'b', at(9))]
    const { box, save } = page(events, { topics })
    const changes = save([
      came(box(null), false),
      came(box('a'), true),
      came(box('b'), false),
      came(box('c'), false),
    ])
    expect(named(changes.optOuts)).toEqual(['news', 'b'])
    expect(named(changes.optIns)).toEqual(['a kept-on'])
  })

  it('unticked and sent again, says nothing more', () => {
    const events = [optOut(1, 'news', null, at(9)), optIn(2, 'news', 'a', at(9, 1))]
    const { box, save } = page(events, { topics })
    expect(save([shownOn(box(null), false), came(box('a'), true)])).toEqual(nothing)
  })

  it('unticked, revives no topic that was withdrawn meanwhile', () => {
    const events = [
      optIn(1, 'news', null, at(9)),
      optIn(2, 'news', 'a', at(9)),
      optOut(3, 'news', 'a', at(10)),
    ]
    const { box, save } = page(events, { topics })
    const changes = save([came(box(null), false), shownOn(box('a'), true)], 2)
    expect(changes.optIns).toEqual([])
  })

  it('unticked, keeps topics without a choice on only if the holder of the address saves', () => {
    const { box, save } = page([], { topics: ['a'], enforcement: 'non-restrictive' })
    const saved = [came(box(null), false), came(box('a'), true)]
    expect(named(save(saved).optIns)).toEqual(['a kept-on'])
    expect(save(saved, 100, 'opted-in').optIns).toEqual([])
  })

  it('ticked, keeps off the topics that were off by it', () => {
    const events = [optOut(1, 'news', null, at(9)), optOut(2, 'news', 'c', at(9))]
    const { box, save } = page(events, { topics, enforcement: 'non-restrictive' })
    const changes = save([came(box(null), true), came(box('b'), true), came(box('a'), false)])
    expect(named(changes.optOuts)).toEqual(['a kept-off'])
    expect(named(changes.optIns)).toEqual(['news', 'b'])
  })

  it('ticked, says nothing of the topics of a restrictive purpose: they stay off without a word', () => {
    const { box, save } = page([optOut(1, '*', null, at(9))], { topics: ['events'] })
    expect(save([came(box(null), true), came(box('events'), false)])).toMatchObject({ optOuts: [] })
  })

  it('ticked, brings back no topic of a restrictive purpose, and leaves those that are on', () => {
    const { box, save } = page([optIn(1, 'news', 'a', at(9))], { topics })
    const changes = save([came(box(null), true), came(box('a'), true)])
    expect(named(changes.optIns)).toEqual(['news'])
    expect(changes.optOuts).toEqual([])
  })
})

/** What the ledger holds after a save: opt-outs first, then what is on, at a later moment. */
function saved(events: readonly FoldEvent[], { optOuts, optIns }: Changes): Standings {
  const after = [...events]
  for (const [changes, state, when] of [
    [optOuts, 'opted-out', at(21)],
    [optIns, 'opted-in', at(22)],
  ] as const) {
    for (const { box } of changes) after.push(consent(after.length + 1, state, box.purpose, box.topic, when))
  }
  return fold(after)
}

describe('for every ledger and every form', () => {
  const topics = ['a', 'b']
  const places = [null, ...topics]
  const ledger = fc
    .array(
      fc.record({
        purpose: fc.constantFrom('news', 'news', 'news', '*'),
        topic: fc.constantFrom(...places),
        state: fc.constantFrom('opted-in' as const, 'opted-out' as const),
        hour: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 8 },
    )
    .map((drafts) =>
      drafts.map(({ purpose, topic, state, hour }, place) =>
        purpose === '*'
          ? optOut(place + 1, '*', null, at(hour))
          : consent(place + 1, state, purpose, topic, at(hour)),
      ),
    )
  const enforcement = fc.constantFrom('restrictive' as const, 'non-restrictive' as const)
  const form = fc.array(fc.record({ shown: fc.boolean(), ticked: fc.boolean() }), {
    minLength: 3,
    maxLength: 3,
  })
  const groupAfter = (standings: Standings, group: BoxGroup) => {
    const [first] = [group.purpose]
    const definition = purposeShape.parse({
      name: 'News',
      description: 'What is new',
      kind: 'commercial',
      enforcement: first.enforcement,
      topics: group.topics.map(({ topic }) => ({ key: topic, name: topic, description: topic })),
    })
    return boxesOf(
      { key: 'news', version: 1, definition },
      { channel: 'email', standings, defaultTracking: 'track', now },
    )
  }

  it('what was unticked is out: a purpose with every topic that did not come back ticked', () => {
    fc.assert(
      fc.property(ledger, enforcement, form, (events, enforcement, rows) => {
        const { group, save } = page(events, { topics, enforcement })
        const submitted = [group.purpose, ...group.topics].map((box, place) => ({
          ...came(box, rows[place]?.ticked ?? false),
          shown: rows[place]?.shown ?? false,
        }))
        const after = saved(events, save(submitted))
        for (const { topic, shown, ticked } of submitted) {
          if (!shown || ticked) continue
          expect(standing(after, 'news', topic).state).toBe('opted-out')
          if (topic !== null) continue
          for (const one of submitted.filter((other) => other.topic !== null && !other.ticked))
            expect(standing(after, 'news', one.topic).state).toBe('opted-out')
          expect(standing(after, 'news', 'founded-later').state).toBe('opted-out')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('what was not touched is as it was, and what was ticked is on', () => {
    fc.assert(
      fc.property(
        ledger,
        enforcement,
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        (events, enforcement, touched) => {
          const { group, save } = page(events, { topics, enforcement })
          const boxes = [group.purpose, ...group.topics]
          const submitted = boxes.map((box, place) => came(box, touched[place] ? !box.on : box.on))
          const changes = save(submitted)
          const after = groupAfter(saved(events, changes), group)
          if (after === null) throw new Error('no boxes')
          expect([after.purpose, ...after.topics].map(({ on }) => on)).toEqual(
            submitted.map(({ ticked }) => ticked),
          )
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('nothing is switched on that was not ticked', () => {
    fc.assert(
      fc.property(ledger, enforcement, form, fc.nat(8), (events, enforcement, rows, seen) => {
        const { group, save } = page(events, { topics, enforcement })
        const submitted = [group.purpose, ...group.topics].map((box, place) => ({
          ...came(box, rows[place]?.ticked ?? false),
          shown: rows[place]?.shown ?? false,
        }))
        for (const { box, why } of save(submitted, seen).optIns) {
          const came = submitted.find(({ topic }) => topic === box.topic)
          expect(came?.ticked).toBe(true)
          if (why === 'kept-on') expect(box.on).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

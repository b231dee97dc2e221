import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noStanding } from '../../../domain/consent/standing.ts'
import { type Box, type BoxGroup, isOn } from '../../../domain/preferences/boxes.ts'
import { changesOf } from '../../../domain/preferences/changes.ts'
import { box, came, inByOwn, outByAll, outByOwn, outByPurpose } from './sampleBoxes.ts'

const group = (purpose: Box, topics: Box[] = []): BoxGroup => ({ purpose, topics })
const named = (changes: readonly { box: Box }[]): string[] =>
  changes.map(({ box: one }) => one.topic ?? one.purpose)

describe('a saved preference centre', () => {
  it('says nothing of a box that was not touched, whatever happened to it meanwhile', () => {
    const standing = box('news', null, { standing: outByOwn })
    const shownOn = { ...came(standing, true), shown: true }
    expect(changesOf([group(standing)], [shownOn], 3)).toEqual({ optOuts: [], optIns: [], overtaken: [] })
  })

  it('opts out of what was unticked and in to what was ticked, each box for itself', () => {
    const purpose = box('news', null, { standing: inByOwn })
    const topic = box('news', 'events', { standing: noStanding })
    const changes = changesOf([group(purpose, [topic])], [came(purpose, false), came(topic, true)], 3)
    expect(named(changes.optOuts)).toEqual(['news'])
    expect(named(changes.optIns)).toEqual(['events'])
  })

  it('does not say again what stands already', () => {
    const off = box('news', null, { standing: outByOwn })
    const on = box('offers', null, { standing: inByOwn })
    const again = [
      { ...came(off, false), shown: true },
      { ...came(on, true), shown: false },
    ]
    expect(changesOf([group(off), group(on)], again, 3)).toEqual({ optOuts: [], optIns: [], overtaken: [] })
  })

  it.each([
    ['its purpose', outByPurpose],
    ['everything', outByAll],
    ['itself, with a request pending', { ...outByOwn, pending: true }],
  ])('opts out of its own accord even where it is off by %s', (_by, standing) => {
    const off = box('news', 'events', { standing })
    const changes = changesOf([group(box('news', null), [off])], [{ ...came(off, false), shown: true }], 3)
    expect(named(changes.optOuts)).toEqual(['events'])
  })

  it('cannot switch on again what was switched off after the page was made', () => {
    const off = box('news', null, { standing: outByOwn, saidAt: 4 })
    const stale = changesOf([group(off)], [came(off, true)], 3)
    expect(named(stale.optIns)).toEqual([])
    expect(stale.overtaken).toEqual([off])
    expect(named(changesOf([group(off)], [came(off, true)], 4).optIns)).toEqual(['news'])
  })

  it('switches off whatever happened since', () => {
    const on = box('news', null, { standing: inByOwn, saidAt: 9 })
    expect(named(changesOf([group(on)], [came(on, false)], 3).optOuts)).toEqual(['news'])
  })

  it('keeps off the topics that were off by their purpose when that is switched on', () => {
    const lenient = { enforcement: 'non-restrictive' } as const
    const purpose = box('news', null, { ...lenient, standing: outByOwn })
    const left = box('news', 'a', { ...lenient, standing: outByPurpose })
    const ticked = box('news', 'b', { ...lenient, standing: outByPurpose })
    const own = box('news', 'c', { ...lenient, standing: outByOwn })
    const groups = [group(purpose, [left, ticked, own])]
    const changes = changesOf(groups, [came(purpose, true), came(ticked, true), came(left, false)], 3)
    expect(changes.optOuts).toEqual([{ box: left, version: 1, keptOff: true }])
    expect(named(changes.optIns)).toEqual(['news', 'b'])
  })

  it('says nothing of boxes that are not there', () => {
    expect(changesOf([], [came(box('gone', null), true)], 3)).toEqual({
      optOuts: [],
      optIns: [],
      overtaken: [],
    })
  })
})

it('never opts in to a box the person did not tick, and out of no box it was shown on and left on', () => {
  const standings = fc.constantFrom(noStanding, inByOwn, outByOwn, outByPurpose, outByAll)
  const boxes = fc.record({
    standing: standings,
    enforcement: fc.constantFrom('restrictive' as const, 'non-restrictive' as const),
    saidAt: fc.nat(6),
    shown: fc.boolean(),
    ticked: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(boxes, { minLength: 1, maxLength: 6 }), fc.nat(6), (rows, seen) => {
      const made = rows.map(({ shown: _shown, ticked: _ticked, ...more }, place) =>
        box('news', place === 0 ? null : `t${place}`, {
          ...more,
          on: isOn(more.standing, { enforcement: more.enforcement, silence: 'on' }, inByOwn.since ?? ''),
        }),
      )
      const [purpose, ...topics] = made
      if (purpose === undefined) return
      const submitted = made.map((one, place) => ({
        ...came(one, rows[place]?.ticked ?? false),
        shown: rows[place]?.shown ?? false,
      }))
      const changes = changesOf([group(purpose, topics)], submitted, seen)
      const of = (one: Box) => submitted.find(({ topic }) => topic === one.topic)
      for (const { box: one } of changes.optIns) expect(of(one)).toMatchObject({ shown: false, ticked: true })
      for (const { box: one } of changes.optOuts)
        expect(one.on && of(one)?.shown && of(one)?.ticked).not.toBe(true)
    }),
  )
})

/** Which changes of standing an event raises, for journeys and other systems to hear. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type OfferedPurpose, standingChanges } from '../../../domain/consent/changes.ts'
import { decide } from '../../../domain/consent/decide.ts'
import { fold } from '../../../domain/consent/fold.ts'
import { standing, stateAt } from '../../../domain/consent/standing.ts'
import type { Enforcement, FoldEvent, Standings } from '../../../domain/consent/types.ts'
import { at, optIn, optOut, pending, retraction } from './events.ts'
import { plain } from './inputs.ts'
import { ledger, questions } from './ledgers.ts'

const offered: OfferedPurpose[] = [
  { key: 'news', enforcement: 'restrictive', topics: ['events', 'sales'] },
  { key: 'offers', enforcement: 'non-restrictive', topics: ['events', 'sales', 'founded-later'] },
]
const now = at(23)

/** What the last event raised, as `+purpose/topic` and `-purpose/topic`. */
function raised(events: readonly FoldEvent[], moment = now): string[] {
  const last = events.at(-1)
  if (last === undefined) return []
  const changes = standingChanges(last, fold(events.slice(0, -1)), fold(events), offered, moment)
  return changes.map(
    ({ purpose, topic, change }) =>
      `${change === 'granted' ? '+' : '-'}${purpose}${topic === null ? '' : `/${topic}`}`,
  )
}

describe('what an event changed', () => {
  it('is all that an opt-out of everything switched off, and everything by its own name', () => {
    const all = ['-*', '-news', '-news/events', '-news/sales']
    const offers = ['-offers', '-offers/events', '-offers/founded-later', '-offers/sales']
    expect(raised([optOut(1, '*', null, at(9))])).toEqual([...all, ...offers])
  })

  it('is heard again when everything is switched off a second time, after an opt-in', () => {
    const before = [optOut(1, '*', null, at(9)), optIn(2, 'news', 'events', at(10))]
    expect(raised([...before, optOut(3, '*', null, at(11))])).toEqual(['-*', '-news/events'])
  })

  it('is nothing when everything is off already', () => {
    expect(raised([optOut(1, '*', null, at(9)), optOut(2, '*', null, at(10))])).toEqual([])
  })

  it('is the topic that was opted in, when its purpose is opted out a second time', () => {
    const before = [optOut(1, 'news', null, at(9)), optIn(2, 'news', 'events', at(10))]
    expect(raised([...before, optOut(3, 'news', null, at(11))])).toEqual(['-news/events'])
  })

  it('is the state that applies again after a retraction', () => {
    const granted = optIn(1, 'news', null, at(9))
    const stop = optOut(2, '*', null, at(10))
    expect(raised([granted, stop, retraction(3, stop, at(11))])).toEqual([
      '+news',
      '+offers',
      '+offers/events',
      '+offers/founded-later',
      '+offers/sales',
    ])
    expect(raised([granted, retraction(2, granted, at(10))])).toEqual(['-news'])
  })

  it('is only the purpose, when an opt-in to it permits none of its topics', () => {
    expect(raised([optOut(1, 'news', null, at(9)), optIn(2, 'news', null, at(10))])).toEqual(['+news'])
    const lifted = [optOut(1, 'offers', null, at(9)), optIn(2, 'offers', null, at(10))]
    expect(raised(lifted)).toEqual(['+offers', '+offers/events', '+offers/founded-later', '+offers/sales'])
  })

  it('is nothing for a late older event, for a repeated event, and for a request', () => {
    expect(raised([optOut(1, 'news', 'events', at(9)), optIn(2, 'news', 'events', at(8))])).toEqual([])
    expect(raised([optIn(1, 'news', null, at(9)), optIn(2, 'news', null, at(10))])).toEqual([])
    expect(raised([pending(1, 'news', null, at(9), 'request-1')])).toEqual([])
  })

  it('is a new grant where the opt-in before had passed its expiry', () => {
    const lapsed = optIn(1, 'news', null, at(9), { expiresAt: at(10) })
    expect(raised([lapsed, optIn(2, 'news', null, at(11))])).toEqual(['+news'])
    expect(raised([lapsed, optIn(2, 'news', null, at(9, 30))], at(9, 45))).toEqual([])
  })
})

describe('for every ledger and every next event', () => {
  const withLast = ledger.filter((events) => events.length > 0)
  const universe = questions.filter(([purpose, topic]) =>
    offered.some((one) => one.key === purpose && (topic === null || one.topics.includes(topic))),
  )

  it('each changed purpose and topic is raised once, and nothing that did not change', () => {
    fc.assert(
      fc.property(withLast, (events) => {
        const before = fold(events.slice(0, -1))
        const after = fold(events)
        const said = raised(events)
        for (const [purpose, topic] of universe) {
          const was = stateAt(standing(before, purpose, topic), now)
          const is = stateAt(standing(after, purpose, topic), now)
          const name = `${purpose}${topic === null ? '' : `/${topic}`}`
          const mine = said.filter((one) => one.slice(1) === name)
          if (was === is) expect(mine).toEqual([])
          else if (is === 'opted-in') expect(mine).toEqual([`+${name}`])
          else if (is === 'opted-out' || was === 'opted-in') expect(mine).toEqual([`-${name}`])
          else expect(mine).toEqual(purpose === 'offers' ? [`+${name}`] : [])
        }
        expect(new Set(said).size).toBe(said.length)
      }),
      { numRuns: 3000 },
    )
  })

  it('whatever the decision allowed before and blocks after was withdrawn, and the other way round granted', () => {
    fc.assert(
      fc.property(withLast, (events) => {
        const said = raised(events)
        for (const [purpose, topic] of universe) {
          const was = allows(fold(events.slice(0, -1)), purpose, topic)
          const is = allows(fold(events), purpose, topic)
          const name = `${purpose}${topic === null ? '' : `/${topic}`}`
          if (was && !is) expect(said).toContain(`-${name}`)
          if (!was && is) expect(said).toContain(`+${name}`)
        }
      }),
      { numRuns: 1500 },
    )
  })
})

function allows(standings: Standings, purpose: string, topic: string | null): boolean {
  const enforcement: Enforcement = offered.find(({ key }) => key === purpose)?.enforcement ?? 'restrictive'
  const { verdict } = decide({
    ...plain,
    now,
    purpose: { key: purpose, known: true, version: 1, profile: 'default', kind: 'commercial', enforcement },
    topic: topic === null ? null : { key: topic, known: true },
    standing: {
      purpose: standing(standings, purpose, null),
      topic: topic === null ? null : standing(standings, purpose, topic),
    },
  })
  return verdict === 'allow'
}

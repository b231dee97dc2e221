/** The fold, continued event by event, always gives what folding the whole ledger gives. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, foldOn, freshRequests } from '../../../domain/consent/fold.ts'
import type { FoldEvent, Standings } from '../../../domain/consent/types.ts'
import { at, optIn, optOut, pending, pendingEnded, retraction } from './events.ts'
import { ledger } from './ledgers.ts'

/** As an append does it: the batch after the first `known` events, folded on one by one. */
function continued(events: readonly FoldEvent[], known: number): { stood: Standings; anew: number } {
  const batch = events.slice(known)
  const named = new Set(events.slice(0, known).flatMap(({ doubleOptIn }) => doubleOptIn ?? []))
  const fresh = freshRequests(batch, named)
  let stood = fold(events.slice(0, known))
  let anew = 0
  for (const [place, event] of batch.entries()) {
    const after = foldOn(stood, event, fresh)
    if (after === null) anew += 1
    stood = after ?? fold(events.slice(0, known + place + 1))
  }
  return { stood, anew }
}

describe('the fold, continued', () => {
  it('equals the whole fold for every ledger, wherever it is taken up, late events and equal times included', () => {
    fc.assert(
      fc.property(ledger, fc.nat(), (events, cut) => {
        const known = cut % (events.length + 1)
        expect(continued(events, known).stood).toEqual(fold(events))
      }),
      { numRuns: 5000 },
    )
  })

  it('is as little dependent on how appends are cut: one event at a time gives the same', () => {
    fc.assert(
      fc.property(ledger, (events) => {
        let stood: Standings = { entries: [] }
        for (const [place, event] of events.entries()) {
          const before = events.slice(0, place)
          const fresh = freshRequests(
            [event],
            new Set(before.flatMap(({ doubleOptIn }) => doubleOptIn ?? [])),
          )
          stood = foldOn(stood, event, fresh) ?? fold([...before, event])
          expect(stood).toEqual(fold([...before, event]))
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('leaves what it was given as it was', () => {
    fc.assert(
      fc.property(ledger, (events) => {
        const last = events.at(-1)
        if (last === undefined) return
        const stood = fold(events.slice(0, -1))
        const kept = structuredClone(stood)
        foldOn(stood, last, freshRequests([last], new Set()))
        expect(stood).toEqual(kept)
      }),
      { numRuns: 500 },
    )
  })

  it('reads the ledger anew for a retraction and for a request named again, and for nothing else', () => {
    const first = optIn(1, 'news', null, at(9))
    const plainEvents = [
      first,
      optOut(2, 'news', 'events', at(8)),
      optOut(3, '*', null, at(10)),
      pending(4, 'news', null, at(11), 'request-1'),
      pending(5, 'news', 'events', at(11), 'request-1'),
    ]
    expect(continued(plainEvents, 0).anew).toBe(0)
    expect(continued([...plainEvents, pendingEnded(6, 'news', null, at(12), 'request-1')], 5).anew).toBe(0)
    expect(continued([...plainEvents, retraction(6, first, at(12))], 5).anew).toBe(1)
    expect(continued([...plainEvents, pending(6, 'offers', null, at(12), 'request-1')], 5).anew).toBe(1)
  })
})

/** What holds of the fold for every ledger. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../domain/consent/decide.ts'
import { fold } from '../../../domain/consent/fold.ts'
import { standing } from '../../../domain/consent/standing.ts'
import type { FoldEvent } from '../../../domain/consent/types.ts'
import { at, consent, optIn, optOut, pending, pendingEnded, retraction } from './events.ts'
import { expectedStanding, micros } from './foldOracle.ts'
import { plain } from './inputs.ts'
import { ledger, moment, place, purposes, questions, request } from './ledgers.ts'

function all(events: readonly FoldEvent[]) {
  const standings = fold(events)
  return questions.map(([purpose, topic]) => standing(standings, purpose, topic))
}

const many = { numRuns: 1500 }

describe('for every ledger the fold', () => {
  it('agrees with the definition read straight from the events', () => {
    fc.assert(
      fc.property(ledger, (events) => {
        const standings = fold(events)
        for (const [purpose, topic] of questions) {
          const got = standing(standings, purpose, topic)
          const { state, since, pending: isPending } = expectedStanding(events, purpose, topic)
          const found = {
            state: got.state,
            since: got.since === null ? undefined : micros(got.since),
            pending: got.pending,
          }
          expect({ purpose, topic, ...found }).toEqual({ purpose, topic, state, since, pending: isPending })
        }
      }),
      many,
    )
  })

  it('does not depend on the order in which events are given', () => {
    const shuffled = ledger.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    )
    fc.assert(
      fc.property(shuffled, ([events, other]) => {
        expect(fold(other)).toEqual(fold(events))
      }),
      many,
    )
  })

  it('is as before when the last event is retracted', () => {
    const withLast = ledger.filter((events) => events.length > 0 && events.at(-1)?.kind !== 'retraction')
    fc.assert(
      fc.property(withLast, (events) => {
        const last = events.at(-1)
        if (last === undefined) return
        expect(fold([...events, retraction(events.length + 1, last, at(20))])).toEqual(
          fold(events.slice(0, -1)),
        )
      }),
      many,
    )
  })

  it('blocks whatever is commercial after an opt-out newer than everything, under either model', () => {
    fc.assert(
      fc.property(
        ledger,
        place,
        fc.constantFrom('own', 'purpose', 'everything'),
        (events, { purpose, topic }, scope) => {
          const seq = events.length + 1
          const last =
            scope === 'everything'
              ? optOut(seq, '*', null, at(20))
              : optOut(seq, purpose, scope === 'own' ? topic : null, at(20))
          const standings = fold([...events, last])
          for (const enforcement of ['restrictive', 'non-restrictive'] as const) {
            const decision = decide({
              ...plain,
              purpose: {
                key: purpose,
                known: true,
                version: 1,
                profile: 'default',
                kind: 'commercial',
                enforcement,
              },
              topic: topic === null ? null : { key: topic, known: true },
              standing: {
                purpose: standing(standings, purpose, null),
                topic: topic === null ? null : standing(standings, purpose, topic),
              },
            })
            expect(decision.verdict).toBe('block')
            expect(['opted-out', 'topic-opted-out']).toContain(decision.reason)
            // A topic's own opt-out, though older, stands beside the new one and is what the decision then rests on.
            if (decision.reason === 'opted-out') expect(decision.basis).toContain(last.id)
          }
        },
      ),
      many,
    )
  })

  it('does not change a state when an older event is recorded late', () => {
    fc.assert(
      fc.property(
        ledger,
        place,
        fc.constantFrom('opted-in', 'opted-out'),
        (events, { purpose, topic }, word) => {
          const state = word === 'opted-in' ? 'opted-in' : 'opted-out'
          const standing1 = optIn(events.length + 1, purpose, topic, at(18))
          const late = consent(events.length + 2, state, purpose, topic, at(17), { recordedAt: at(20) })
          const before = standing(fold([...events, standing1]), purpose, topic)
          expect(standing(fold([...events, standing1, late]), purpose, topic)).toEqual({
            ...before,
            pending: expect.anything(),
          })
          expect(before.state).toBe('opted-in')
        },
      ),
      many,
    )
  })

  it('holds every topic out after everything was opted out, one founded later too, until asked anew', () => {
    fc.assert(
      fc.property(ledger, fc.constantFrom(...purposes), (events, purpose) => {
        const seq = events.length + 1
        const off = [...events, optOut(seq, '*', null, at(18))]
        for (const topic of ['events', 'sales', 'founded-later']) {
          expect(standing(fold(off), purpose, topic).state).toBe('opted-out')
        }
        const again = [...off, optIn(seq + 1, purpose, null, at(19))]
        for (const topic of ['events', 'sales', 'founded-later']) {
          expect(standing(fold(again), purpose, topic).state).not.toBe('opted-in')
        }
        expect(standing(fold(again), purpose, null).state).toBe('opted-in')
      }),
      many,
    )
  })

  it('changes no state by a request, nor by the end of one', () => {
    fc.assert(
      fc.property(
        ledger,
        place,
        request,
        fc.constantFrom(pending, pendingEnded),
        (events, { purpose, topic }, id, make) => {
          const more = [...events, make(events.length + 1, purpose, topic, at(20), id)]
          const states = (list: FoldEvent[]) =>
            all(list).map(({ state, since, by }) => ({ state, since, by }))
          expect(states(more)).toEqual(states(events))
        },
      ),
      many,
    )
  })

  it('sees in the past just what had happened, or was known, by then', () => {
    fc.assert(
      fc.property(ledger, moment, moment, (events, asOf, knownAt) => {
        const known = events.filter((event) => micros(event.recordedAt) <= micros(knownAt))
        expect(fold(events, { knownAt })).toEqual(fold(known))
        const happened = events.filter(
          (event) => micros(event.occurredAt) <= micros(asOf) || micros(event.recordedAt) <= micros(asOf),
        )
        expect(fold(events, { asOf })).toEqual(fold(happened))
        expect(fold(events, { asOf, knownAt })).toEqual(
          fold(happened.filter((event) => known.includes(event))),
        )
      }),
      many,
    )
  })

  it('gives what survives being stored as JSON', () => {
    fc.assert(
      fc.property(ledger, (events) => {
        expect(JSON.parse(JSON.stringify(fold(events)))).toEqual(fold(events))
      }),
      many,
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../domain/consent/decide.ts'
import { fold } from '../../../domain/consent/fold.ts'
import { scopeIsOut, withdrawalAddsNothing } from '../../../domain/consent/scope.ts'
import { standing } from '../../../domain/consent/standing.ts'
import type { Enforcement, FoldEvent, Standings } from '../../../domain/consent/types.ts'
import { at, consent, optIn, optOut, pending } from './events.ts'
import { plain } from './inputs.ts'

describe('the scope of a purpose', () => {
  const out = optOut(1, 'news', null, at(9))

  it('is out where the purpose is and nothing in it was opted in to since', () => {
    expect(scopeIsOut(fold([out]), 'news', null)).toBe(true)
    expect(scopeIsOut(fold([out, optIn(2, 'news', 'events', at(8))]), 'news', null)).toBe(true)
  })

  it('is not out while one of its topics is in', () => {
    const standings = fold([out, optIn(2, 'news', 'events', at(10))])
    expect(scopeIsOut(standings, 'news', null)).toBe(false)
    expect(scopeIsOut(standings, 'news', 'events')).toBe(false)
    expect(scopeIsOut(standings, 'news', 'sales')).toBe(true)
  })

  it('is not out without an opt-out of the purpose, even if all its known topics are out', () => {
    expect(scopeIsOut(fold([optOut(1, 'news', 'events', at(9))]), 'news', null)).toBe(false)
  })
})

it('the scope of everything is out until any opt-in', () => {
  const out = optOut(1, '*', null, at(9))
  expect(scopeIsOut(fold([out]), '*', null)).toBe(true)
  expect(scopeIsOut(fold([out, optIn(2, 'news', 'events', at(10))]), '*', null)).toBe(false)
})

describe('a withdrawal adds something', () => {
  it.each([
    ['where the scope is out by a wider one only', [optOut(1, '*', null, at(9))]],
    [
      'where a double opt-in waits in it',
      [optOut(1, 'news', null, at(9)), pending(2, 'news', 'events', at(10), 'r')],
    ],
    ['where a topic of it is in', [optOut(1, 'news', null, at(9)), optIn(2, 'news', 'events', at(10))]],
    ['where nobody said anything', []],
  ])('%s', (_where, events) => {
    expect(withdrawalAddsNothing(fold(events), 'news', null)).toBe(false)
  })

  it('and nothing if it was recorded already', () => {
    const standings = fold([optOut(1, 'news', null, at(9))])
    expect(withdrawalAddsNothing(standings, 'news', null)).toBe(true)
    expect(withdrawalAddsNothing(fold([optOut(1, '*', null, at(9))]), '*', null)).toBe(true)
  })
})

const purposes = ['news', 'offers']
const topics = [null, 'events', 'sales']
const scopes = [
  { purpose: '*', topic: null },
  ...purposes.flatMap((purpose) => topics.map((topic) => ({ purpose, topic }))),
]
/** What may be asked of `decide`, also of what the ledger never named. */
const questions = [...purposes, 'never-named'].flatMap((purpose) =>
  [...topics, 'founded-later'].map((topic) => ({ purpose, topic })),
)

/** Moments close together and often equal, occurred and recorded in any order. */
const moment = fc.constantFrom(at(9), at(9, 1), at(10), '2026-11-02T09:00:00.001Z', at(11))
const ledger = fc
  .array(
    fc.record({
      what: fc.constantFrom(
        'opted-in' as const,
        'opted-out' as const,
        'everything' as const,
        'pending' as const,
      ),
      purpose: fc.constantFrom(...purposes),
      topic: fc.constantFrom(...topics),
      occurredAt: moment,
      recordedAt: moment,
    }),
    { maxLength: 12 },
  )
  .map((drafts) =>
    drafts.map(({ what, purpose, topic, occurredAt, recordedAt }, place): FoldEvent => {
      const seq = place + 1
      if (what === 'everything') return { ...optOut(seq, '*', null, occurredAt), recordedAt }
      if (what === 'pending') return { ...pending(seq, purpose, topic, occurredAt, `r${seq}`), recordedAt }
      return consent(seq, what, purpose, topic, occurredAt, { recordedAt })
    }),
  )

function blocks(standings: Standings, purpose: string, topic: string | null, enforcement: Enforcement) {
  return (
    decide({
      ...plain,
      purpose: { key: purpose, known: true, version: 1, profile: 'default', kind: 'commercial', enforcement },
      topic: topic === null ? null : { key: topic, known: true },
      standing: {
        purpose: standing(standings, purpose, null),
        topic: topic === null ? null : standing(standings, purpose, topic),
      },
    }).verdict === 'block'
  )
}

function expectBlocked(standings: Standings, scope: { purpose: string; topic: string | null }) {
  for (const { purpose, topic } of questions) {
    if (scope.purpose !== '*' && scope.purpose !== purpose) continue
    if (scope.topic !== null && scope.topic !== topic) continue
    for (const enforcement of ['restrictive', 'non-restrictive'] as const)
      expect(blocks(standings, purpose, topic, enforcement)).toBe(true)
  }
}

it('whatever the ledger, a scope that is out blocks every purpose and topic in it', () => {
  fc.assert(
    fc.property(ledger, fc.constantFrom(...scopes), (events, scope) => {
      const standings = fold(events)
      if (scopeIsOut(standings, scope.purpose, scope.topic)) expectBlocked(standings, scope)
    }),
    { numRuns: 3000 },
  )
})

it('after any acknowledged withdrawal every purpose and topic in its scope blocks, and saying it again adds nothing', () => {
  fc.assert(
    fc.property(ledger, fc.constantFrom(...scopes), (events, { purpose, topic }) => {
      const before = fold(events)
      const said = withdrawalAddsNothing(before, purpose, topic)
      // As it is recorded: now, which is no earlier than anything before.
      const after = said ? before : fold([...events, optOut(events.length + 1, purpose, topic, at(11))])
      expect(scopeIsOut(after, purpose, topic)).toBe(true)
      expect(withdrawalAddsNothing(after, purpose, topic)).toBe(true)
      expectBlocked(after, { purpose, topic })
    }),
    { numRuns: 3000 },
  )
})

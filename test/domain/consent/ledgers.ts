/** Random ledgers for properties: few purposes, topics, requests and moments, so that ties and collisions are common. */
import fc from 'fast-check'
import type { FoldEvent } from '../../../domain/consent/types.ts'
import { at, consent, optIn, optOut, pending, pendingEnded, retraction } from './events.ts'

export const purposes = ['news', 'offers']
export const topics = [null, 'events', 'sales']
export const questions = [...purposes, '*', 'never-named'].flatMap((purpose) =>
  (purpose === '*' ? [null] : [...topics, 'founded-later']).map((topic) => [purpose, topic] as const),
)

/** Few moments, close together and of mixed precision, so that ties and near-ties are common. */
export const moment = fc.constantFrom(
  '2026-11-02T09:00:00Z',
  '2026-11-02T09:00:00.000Z',
  '2026-11-02T09:00:00.000001Z',
  '2026-11-02T09:00:00.001Z',
  '2026-11-02T09:00:00.001500Z',
  '2026-11-02T09:00:01.000000Z',
  '2026-11-02T10:00:00.000Z',
)
export const request = fc.constantFrom('request-1', 'request-2', 'request-3')
export const place = fc.record({ purpose: fc.constantFrom(...purposes), topic: fc.constantFrom(...topics) })

const draft = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('consent'),
      place,
      state: fc.constantFrom('opted-in', 'opted-out'),
      request: fc.option(request),
      expiresAt: fc.option(moment),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('everything-off') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pending'), place, request }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pending-ended'), place, request }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retraction'), target: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('terms') }) },
)
type Draft = typeof draft extends fc.Arbitrary<infer T> ? T : never

export const ledger = fc.array(fc.tuple(draft, moment, moment), { maxLength: 14 }).map((drafts) => {
  const events: FoldEvent[] = []
  for (const [one, occurredAt, recordedAt] of drafts)
    events.push({ ...made(one, events), occurredAt, recordedAt })
  return events
})

function made(one: Draft, before: readonly FoldEvent[]): FoldEvent {
  const seq = before.length + 1
  if ('state' in one) {
    const state = one.state === 'opted-in' ? 'opted-in' : 'opted-out'
    return consent(seq, state, one.place.purpose, one.place.topic, at(0), {
      doubleOptIn: one.request,
      expiresAt: one.expiresAt,
    })
  }
  if ('target' in one) {
    const target = before[before.length === 0 ? 0 : one.target % before.length]
    return target === undefined ? optOut(seq, '*', null, at(0)) : retraction(seq, target, at(0))
  }
  if ('place' in one) {
    const { purpose, topic } = one.place
    return (one.kind === 'pending' ? pending : pendingEnded)(seq, purpose, topic, at(0), one.request)
  }
  if (one.kind === 'terms') return { ...optIn(seq, 'news', null, at(0)), kind: 'terms', state: null }
  return optOut(seq, '*', null, at(0))
}

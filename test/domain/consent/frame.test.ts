/** A decision is stored as a frame and facts, and comes back to the byte. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decide } from '../../../domain/consent/decide.ts'
import { type Facts, join, packDecision, split, unpackDecision } from '../../../domain/consent/frame.ts'
import type { DecisionInput, Standing } from '../../../domain/consent/types.ts'
import { canonicalBytes, textOf } from '../../../domain/ledger/canonical.ts'
import { booleans, now, purposes, standings, suppressionSets, topicStandings, topics } from './inputs.ts'

/** Standings as the rules know them, and any others: what is stored must not depend on what the rules can make. */
const anyStanding: fc.Arbitrary<Standing> = fc.record({
  state: fc.constantFrom('opted-in', 'opted-out', 'none'),
  by: fc.constantFrom('own', 'purpose', 'everything', null),
  since: fc.option(fc.string()),
  events: fc.array(fc.string(), { maxLength: 3 }),
  expiresAt: fc.option(fc.string()),
  pending: fc.boolean(),
})
const standing = (name: string) => fc.oneof(fc.constantFrom(...standings(name)), anyStanding)

const input: fc.Arbitrary<DecisionInput> = fc.record({
  policyVersion: fc.constant(1),
  now: fc.constantFrom(now, '2027-01-01T00:00:00.000Z'),
  channel: fc.record({ key: fc.string(), known: fc.boolean() }),
  contactPoint: fc.record({ id: fc.option(fc.uuid()), seq: fc.nat() }),
  purpose: fc.constantFrom(...purposes),
  topic: fc.oneof(fc.constantFrom(...topics), fc.record({ key: fc.string(), known: fc.boolean() })),
  standing: fc.record({
    purpose: standing('purpose'),
    topic: fc.oneof(fc.constantFrom(...topicStandings), anyStanding),
  }),
  suppressions: fc.constantFrom(...suppressionSets),
  tracking: fc.record({
    messageAllows: fc.boolean(),
    profileVersion: fc.option(fc.nat()),
    purpose: fc.option(
      fc.record({
        key: fc.string(),
        known: fc.constantFrom(...booleans),
        enforcement: fc.constantFrom('restrictive', 'non-restrictive'),
        kind: fc.constantFrom('commercial', 'transactional', 'tracking'),
      }),
    ),
    default: fc.constantFrom('track', 'do-not-track'),
    standing: standing('tracking'),
  }),
})

const canonical = (value: unknown) => textOf(canonicalBytes(value))
/** As it comes back from the database: text, parsed. */
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value))

it('an input that was split and stored is joined again to the canonical byte', () => {
  fc.assert(
    fc.property(input, (one) => {
      const { frame, contactPoint, facts } = split(one)
      const joined = join({ frame: JSON.parse(canonical(frame)), contactPoint, facts: stored(facts) })
      expect(canonical(joined)).toBe(canonical(one))
    }),
    { numRuns: 1_000 },
  )
})

it('a stored decision is read as it was made, and the joined input decides the same', () => {
  fc.assert(
    fc.property(input, (one) => {
      const made = split(one)
      const decision = decide(one)
      const facts: Facts = stored(made.facts)
      expect(unpackDecision(stored(packDecision(decision, made.facts)), facts)).toEqual(decision)
      expect(decide(join({ ...made, facts }))).toEqual(decision)
    }),
    { numRuns: 1_000 },
  )
})

it('two people who get the same version of a message share one frame, whatever their consents are', () => {
  fc.assert(
    fc.property(input, input, (one, other) => {
      const { policyVersion, channel, purpose, topic } = one
      const tracking = { ...one.tracking, standing: other.tracking.standing }
      const same: DecisionInput = { ...other, policyVersion, channel, purpose, topic, tracking }
      expect(canonical(split(same).frame)).toBe(canonical(split(one).frame))
    }),
  )
})

it('keeps an event that the facts do not hold by its id', () => {
  const facts: Facts = [now, 1, ['opted-in', 'own', now, ['a'], null, false], null, 0, []]
  const decision = {
    verdict: 'allow',
    reason: 'opted-in',
    tracking: { allowed: true, reason: 'tracking-opted-in' },
    basis: ['a', 'elsewhere'],
    policyVersion: 1,
  } as const
  const packed = packDecision({ ...decision, basis: [...decision.basis] }, facts)
  expect(packed[4]).toEqual([0, 'elsewhere'])
  expect(unpackDecision(packed, facts)).toEqual(decision)
})

/**
 * How a decision is stored. Nearly all of its input is the same for all deliveries of one message version: this part is
 * the frame, stored once under the SHA-256 of its canonical bytes. The part that differs per person is the facts,
 * stored with the delivery.
 *
 *     input = { "policyVersion": 1, "now": "2026-…", "purpose": { "key": "news", "version": 3, … }, "standing": …, … }
 *     frame = { "policyVersion": 1, "purpose": { "key": "news", "version": 3, … }, "topic": …, "tracking": … }
 *     facts = [ "2026-…", 7, ["opted-in", "own", "2026-…", ["<event>"], null, false], null, 0, [] ]
 *
 * `join` is the inverse of `split`, to the canonical byte, so that any stored decision recomputes. The workflow's history keeps the
 * whole input: frames are for storage only.
 */
import type { Decision, DecisionInput, DecisionReason, Standing, TrackingReason } from './types.ts'

/** What all inputs of one version share. */
export type Frame = Pick<DecisionInput, 'policyVersion' | 'channel' | 'purpose' | 'topic'> & {
  tracking: Omit<DecisionInput['tracking'], 'standing'>
}

/** A standing in the order of its members; 0: nothing was ever said. */
type StandingFacts =
  | 0
  | readonly [
      Standing['state'],
      Standing['by'],
      Standing['since'],
      Standing['events'],
      Standing['expiresAt'],
      Standing['pending'],
    ]

/** The part that differs per person. The contact point's id is a column of the delivery. */
export type Facts = readonly [
  now: string,
  seq: number,
  purpose: StandingFacts,
  topic: StandingFacts | null,
  tracking: StandingFacts,
  suppressions: DecisionInput['suppressions'],
]

/** A decision in the order of its members. Its basis refers to events in the facts by their index. */
export type PackedDecision = readonly [
  verdict: Decision['verdict'],
  reason: DecisionReason,
  mayTrack: boolean,
  trackingReason: TrackingReason,
  basis: readonly (number | string)[],
  policyVersion: Decision['policyVersion'],
]

export type SplitInput = { frame: Frame; contactPoint: string | null; facts: Facts }

export function split(input: DecisionInput): SplitInput {
  const { policyVersion, now, channel, contactPoint, purpose, topic, standing, suppressions } = input
  const { standing: tracking, ...trackingFrame } = input.tracking
  return {
    frame: { policyVersion, channel, purpose, topic, tracking: trackingFrame },
    contactPoint: contactPoint.id,
    facts: [
      now,
      contactPoint.seq,
      pack(standing.purpose),
      standing.topic === null ? null : pack(standing.topic),
      pack(tracking),
      suppressions,
    ],
  }
}

export function join({ frame, contactPoint, facts }: SplitInput): DecisionInput {
  const [now, seq, purpose, topic, tracking, suppressions] = facts
  return {
    policyVersion: frame.policyVersion,
    now,
    channel: frame.channel,
    contactPoint: { id: contactPoint, seq },
    purpose: frame.purpose,
    topic: frame.topic,
    standing: { purpose: unpack(purpose), topic: topic === null ? null : unpack(topic) },
    suppressions,
    tracking: { ...frame.tracking, standing: unpack(tracking) },
  }
}

export function packDecision(decision: Decision, facts: Facts): PackedDecision {
  const { verdict, reason, tracking, basis, policyVersion } = decision
  const events = eventsOf(facts)
  const places = basis.map((event) => {
    const place = events.indexOf(event)
    return place === -1 ? event : place
  })
  return [verdict, reason, tracking.allowed, tracking.reason, places, policyVersion]
}

export function unpackDecision(packed: PackedDecision, facts: Facts): Decision {
  const [verdict, reason, allowed, trackingReason, places, policyVersion] = packed
  const events = eventsOf(facts)
  return {
    verdict,
    reason,
    tracking: { allowed, reason: trackingReason },
    basis: places.map((place) => (typeof place === 'string' ? place : eventAt(events, place))),
    policyVersion,
  }
}

function eventsOf([, , purpose, topic, tracking]: Facts): string[] {
  return [purpose, topic, tracking].flatMap((one) => (one === null || one === 0 ? [] : one[3]))
}

function eventAt(events: readonly string[], place: number): string {
  const event = events[place]
  if (event === undefined)
    throw new TypeError('a stored decision rests on an event that its facts do not hold')
  return event
}

function pack({ state, by, since, events, expiresAt, pending }: Standing): StandingFacts {
  const unsaid =
    state === 'none' && by === null && since === null && events.length === 0 && expiresAt === null && !pending
  return unsaid ? 0 : [state, by, since, events, expiresAt, pending]
}

function unpack(facts: StandingFacts): Standing {
  if (facts === 0) {
    return { state: 'none', by: null, since: null, events: [], expiresAt: null, pending: false }
  }
  const [state, by, since, events, expiresAt, pending] = facts
  return { state, by, since, events, expiresAt, pending }
}

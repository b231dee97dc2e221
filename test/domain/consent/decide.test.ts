/** What a decision says beside its verdict, and that recordings of it can be decided again. */
import { describe, expect, it } from 'vitest'
import { decide } from '../../../domain/consent/decide.ts'
import { decisionReasons, trackingReasons } from '../../../domain/consent/reasons.ts'
import { recordedDecision, recordedDecisionInput } from '../../../domain/consent/recorded.ts'
import { type DecisionInput, decisionReasonKeys, trackingReasonKeys } from '../../../domain/consent/types.ts'
import { plain, purposes, standings, suppressionSets, topicStandings, topics } from './inputs.ts'

const nonRestrictive: DecisionInput['purpose'] = {
  key: 'marketing',
  known: true,
  version: 3,
  profile: 'default',
  kind: 'commercial',
  enforcement: 'non-restrictive',
}

const transactional: DecisionInput['purpose'] = { ...nonRestrictive, kind: 'transactional' }

describe('a decision', () => {
  it('rests on the events of what is named and of tracking, each once', () => {
    expect(decide(plain).basis).toEqual(['purpose-in', 'tracking-in'])
    const [, , , , , , , , , , everythingOut] = standings('purpose')
    if (everythingOut === undefined) throw new Error('no such standing')
    const off = { ...plain, standing: { purpose: everythingOut, topic: null } }
    expect(decide({ ...off, tracking: { ...plain.tracking, standing: everythingOut } })).toEqual({
      verdict: 'block',
      reason: 'opted-out',
      tracking: { allowed: false, reason: 'tracking-opted-out' },
      basis: ['everything-out'],
      policyVersion: 1,
    })
  })

  it('rests on no event where the address, the kind of purpose or the message settled it', () => {
    const untracked = { ...plain, tracking: { ...plain.tracking, messageAllows: false } }
    const [, bounced] = suppressionSets
    if (bounced === undefined) throw new Error('no such set')
    expect(decide({ ...untracked, suppressions: bounced }).basis).toEqual([])
    expect(decide({ ...untracked, channel: { key: 'email', known: false } }).basis).toEqual([])
    expect(decide({ ...untracked, purpose: transactional }).basis).toEqual([])
  })

  it('names the request it waits for when a double opt-in is pending', () => {
    const [, asked] = standings('purpose')
    if (asked === undefined) throw new Error('no such standing')
    const decision = decide({ ...plain, standing: { purpose: asked, topic: null } })
    expect(decision).toMatchObject({
      reason: 'pending-confirmation',
      basis: ['purpose-asked', 'tracking-in'],
    })
  })

  it('tells an opt-in whose expiry cannot be read from one that holds', () => {
    const unreadable = { ...plain.standing.purpose, expiresAt: 'next week' }
    const input = { ...plain, standing: { purpose: unreadable, topic: null } }
    expect(decide(input).reason).toBe('consent-expired')
    expect(decide({ ...input, purpose: nonRestrictive }).reason).toBe('not-opted-out')
  })

  it('tracks transactional messages by the tracking purpose alone', () => {
    const [none] = standings('tracking')
    if (none === undefined) throw new Error('no such standing')
    expect(decide({ ...plain, purpose: transactional }).tracking.allowed).toBe(true)
    const refused = decide({
      ...plain,
      purpose: transactional,
      tracking: { ...plain.tracking, standing: none },
    })
    expect(refused).toMatchObject({
      verdict: 'allow',
      tracking: { allowed: false, reason: 'no-tracking-consent' },
    })
  })

  it('leaves its input as it was and gives the same again', () => {
    const input = structuredClone(plain)
    const first = decide(input)
    first.basis.push('added by a caller')
    expect(input).toEqual(plain)
    expect(decide(input)).toEqual(decide(plain))
  })

  it('comes out the same from a recording that went through JSON', () => {
    for (const purpose of purposes)
      for (const topic of topics)
        for (const ofTopic of topicStandings) {
          const input = { ...plain, purpose, topic, standing: { ...plain.standing, topic: ofTopic } }
          const back = recordedDecisionInput.parse(JSON.parse(JSON.stringify(input)))
          expect(decide(back)).toEqual(decide(input))
          expect(recordedDecision.parse(JSON.parse(JSON.stringify(decide(input))))).toEqual(decide(input))
        }
  })

  it('refuses a recording of a policy it does not know, or with members it does not know', () => {
    expect(recordedDecisionInput.safeParse({ ...plain, policyVersion: 2 }).success).toBe(false)
    expect(recordedDecisionInput.safeParse({ ...plain, address: 'shopper@example.com' }).success).toBe(false)
    const later: unknown = 2
    expect(() => decide({ ...plain, policyVersion: later as 1 })).toThrow('no decision rules of version 2')
  })

  it('has a sentence for each reason', () => {
    expect(Object.keys(decisionReasons)).toEqual([...decisionReasonKeys])
    expect(Object.keys(trackingReasons)).toEqual([...trackingReasonKeys])
    for (const text of [...Object.values(decisionReasons), ...Object.values(trackingReasons)]) {
      expect(text).toMatch(/^[A-Z].{20,}\.$/)
    }
  })
})

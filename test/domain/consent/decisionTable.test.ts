/** The whole decision table, enumerated: `decide` against an independent statement of the rules. */
import { describe, expect, it } from 'vitest'
import { decide } from '../../../domain/consent/decide.ts'
import { decisionReasons, trackingReasons } from '../../../domain/consent/reasons.ts'
import type { DecisionInput } from '../../../domain/consent/types.ts'
import { expectedDecision, expectedTracking } from './decisionRules.ts'
import {
  booleans,
  plain,
  purposes,
  standings,
  suppressionSets,
  topicStandings,
  topics,
  trackingPurposes,
} from './inputs.ts'

function* everyVerdictInput(): Generator<DecisionInput> {
  for (const purpose of purposes)
    for (const topic of topics)
      for (const channelKnown of booleans)
        for (const id of [plain.contactPoint.id, null])
          for (const ofPurpose of standings('purpose'))
            for (const ofTopic of topicStandings)
              for (const suppressions of suppressionSets)
                yield {
                  ...plain,
                  purpose,
                  topic,
                  channel: { key: 'email', known: channelKnown },
                  contactPoint: { id, seq: 7 },
                  standing: { purpose: ofPurpose, topic: ofTopic },
                  suppressions,
                }
}

function* everyTrackingInput(): Generator<DecisionInput> {
  const contexts: Partial<DecisionInput>[] = [
    {},
    { purpose: { key: 'marketing', known: false } },
    { topic: { key: 'events', known: false } },
    { topic: { key: 'events', known: true } },
    { channel: { key: 'email', known: false } },
    { contactPoint: { id: null, seq: 0 } },
    ...purposes.map((purpose) => ({ purpose })),
    ...standings('purpose').map((purpose) => ({ standing: { purpose, topic: null } })),
  ]
  for (const context of contexts)
    for (const messageAllows of booleans)
      for (const profileVersion of [2, null])
        for (const purpose of trackingPurposes)
          for (const defaultTracking of ['track', 'do-not-track'] as const)
            for (const standing of standings('tracking'))
              for (const suppressions of suppressionSets)
                yield {
                  ...plain,
                  ...context,
                  suppressions,
                  tracking: { messageAllows, profileVersion, purpose, default: defaultTracking, standing },
                }
}

/** Plain comparing, since a matcher a time would take minutes; the first input that differs is shown. */
function differs(input: DecisionInput): unknown {
  const decision = decide(input)
  const verdict = expectedDecision(input)
  const tracking = expectedTracking(input)
  const agree =
    decision.reason === verdict.reason &&
    decision.verdict === (verdict.allows ? 'allow' : 'block') &&
    decision.tracking.reason === tracking.reason &&
    decision.tracking.allowed === tracking.allows
  return agree ? null : { input, decision, verdict, tracking }
}

describe('every combination of the inputs', () => {
  it('gets the verdict and reason of the first rule that holds', () => {
    const reasons = new Set<string>()
    let count = 0
    for (const input of everyVerdictInput()) {
      const difference = differs(input)
      if (difference !== null) expect.fail(JSON.stringify(difference, null, 2))
      reasons.add(decide(input).reason)
      count += 1
    }
    expect(count).toBe(7 * 3 * 2 * 2 * 11 * 15 * 16)
    expect([...reasons].sort()).toEqual(Object.keys(decisionReasons).sort())
  })

  it('gets the tracking rights of the first tracking rule that holds', () => {
    const reasons = new Set<string>()
    for (const input of everyTrackingInput()) {
      const difference = differs(input)
      if (difference !== null) expect.fail(JSON.stringify(difference, null, 2))
      reasons.add(decide(input).tracking.reason)
    }
    expect([...reasons].sort()).toEqual(Object.keys(trackingReasons).sort())
  })

  it('never lets a commercial message leave on an opt-out, an unknown or a suppression', () => {
    for (const input of everyVerdictInput()) {
      if (decide(input).verdict !== 'allow') continue
      const named = input.topic === null ? input.standing.purpose : input.standing.topic
      const commercial = input.purpose.known && input.purpose.kind === 'commercial'
      const forbidden =
        !input.purpose.known ||
        input.topic?.known === false ||
        !input.channel.known ||
        input.contactPoint.id === null
      if (
        forbidden ||
        (commercial && (input.suppressions.length > 0 || named?.state === 'opted-out' || named === null))
      ) {
        expect.fail(JSON.stringify(input, null, 2))
      }
    }
  })
})

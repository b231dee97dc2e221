/**
 * The decision on one intended message. Pure and total: it reads only its input, never throws for a valid input, and
 * always gives the same verdict for the same input. Inputs are stored with each delivery and in workflow histories. So
 * never edit a rule here: a changed rule is a new policy version with its own function beside `decideV1`.
 *
 * The rules are a list; the first one that matches decides (in words: docs/consent.md).
 */
import { hasCome } from './instant.ts'
import type {
  Decision,
  DecisionInput,
  DecisionReason,
  Standing,
  SuppressionKind,
  TrackingReason,
} from './types.ts'

export function decide(input: DecisionInput): Decision {
  const { policyVersion } = input
  switch (policyVersion) {
    case 1:
      return decideV1(input)
    default: {
      const unknown: never = policyVersion
      throw new RangeError(
        `no decision rules of version ${String(unknown)}: this input was recorded by a newer Assent`,
      )
    }
  }
}

function decideV1(input: DecisionInput): Decision {
  const reason = reasonOf(input)
  const tracking = trackingOf(input, reason)
  return {
    verdict: allowing(reason) ? 'allow' : 'block',
    reason,
    tracking: {
      allowed: tracking === 'tracking-opted-in' || tracking === 'tracked-by-default',
      reason: tracking,
    },
    basis: basisOf(input, reason, tracking),
    policyVersion: 1,
  }
}

function allowing(reason: DecisionReason): boolean {
  return reason === 'opted-in' || reason === 'not-opted-out' || reason === 'transactional'
}

function reasonOf({
  now,
  channel,
  contactPoint,
  purpose,
  topic,
  standing,
  suppressions,
}: DecisionInput): DecisionReason {
  if (!purpose.known) return 'unknown-purpose'
  if (topic !== null && !topic.known) return 'unknown-topic'
  if (!channel.known) return 'unknown-channel'
  if (contactPoint.id === null) return 'unknown-contact-point'
  if (isSuppressed(suppressions, 'hard-bounced')) return 'suppressed-hard-bounced'
  if (isSuppressed(suppressions, 'invalid')) return 'suppressed-invalid'
  if (purpose.kind === 'transactional') return 'transactional'
  if (isSuppressed(suppressions, 'complained')) return 'suppressed-complaint'
  if (isSuppressed(suppressions, 'erased')) return 'suppressed-erased'
  const named = topic === null ? standing.purpose : standing.topic
  // No state of the topic was read, so the topic is unknown: block instead of using the purpose's state.
  if (named === null) return 'unknown-topic'
  if (named.state === 'opted-out')
    return topic !== null && named.by === 'own' ? 'topic-opted-out' : 'opted-out'
  if (purpose.enforcement !== 'restrictive') return 'not-opted-out'
  if (named.state === 'opted-in') return isExpired(named, now) ? 'consent-expired' : 'opted-in'
  if (named.pending) return 'pending-confirmation'
  return topic === null ? 'no-consent' : 'no-topic-consent'
}

function trackingOf({ now, suppressions, tracking }: DecisionInput, reason: DecisionReason): TrackingReason {
  if (isUnknown(reason)) return 'blocked-as-unknown'
  if (!tracking.messageAllows) return 'message-not-tracked'
  if (suppressions.length > 0) return 'suppressed-address'
  const { purpose, standing } = tracking
  if (purpose === null) return 'no-tracking-purpose'
  if (!purpose.known) return 'unknown-tracking-purpose'
  if (purpose.kind !== 'tracking') return 'not-a-tracking-purpose'
  if (standing.state === 'opted-out') return 'tracking-opted-out'
  const optedIn = standing.state === 'opted-in'
  if (optedIn && !isExpired(standing, now)) return 'tracking-opted-in'
  if (purpose.enforcement !== 'restrictive') {
    return tracking.default === 'track' ? 'tracked-by-default' : 'not-tracked-by-default'
  }
  if (optedIn) return 'tracking-consent-expired'
  return standing.pending ? 'tracking-pending-confirmation' : 'no-tracking-consent'
}

function isUnknown(reason: DecisionReason): boolean {
  return (
    reason === 'unknown-purpose' ||
    reason === 'unknown-topic' ||
    reason === 'unknown-channel' ||
    reason === 'unknown-contact-point'
  )
}

function isSuppressed(suppressions: DecisionInput['suppressions'], kind: SuppressionKind): boolean {
  for (const suppression of suppressions) if (suppression.kind === kind) return true
  return false
}

function isExpired(standing: Standing, now: string): boolean {
  return standing.expiresAt !== null && hasCome(standing.expiresAt, now)
}

/** Lists events only if a consent state led to the verdict; the address, the kind of purpose and the message have none. */
function basisOf(input: DecisionInput, reason: DecisionReason, tracking: TrackingReason): string[] {
  const named = input.topic === null ? input.standing.purpose : input.standing.topic
  const verdict = named !== null && restsOnConsent(reason) ? named.events : []
  const watched = trackingRestsOnConsent(tracking) ? input.tracking.standing.events : []
  const basis = verdict.slice()
  for (const event of watched) if (!basis.includes(event)) basis.push(event)
  return basis
}

function restsOnConsent(reason: DecisionReason): boolean {
  return reason !== 'transactional' && !isUnknown(reason) && !reason.startsWith('suppressed-')
}

function trackingRestsOnConsent(reason: TrackingReason): boolean {
  switch (reason) {
    case 'tracking-opted-out':
    case 'tracking-opted-in':
    case 'tracking-pending-confirmation':
    case 'tracking-consent-expired':
    case 'no-tracking-consent':
    case 'tracked-by-default':
    case 'not-tracked-by-default':
      return true
    case 'blocked-as-unknown':
    case 'message-not-tracked':
    case 'suppressed-address':
    case 'no-tracking-purpose':
    case 'unknown-tracking-purpose':
    case 'not-a-tracking-purpose':
      return false
    default: {
      const missing: never = reason
      return missing
    }
  }
}

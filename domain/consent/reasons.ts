/** What each reason means, in a sentence for the person who reads a decision. The API shows these. */
import type { Decision, DecisionReason, TrackingReason } from './types.ts'

export const decisionReasons: Readonly<Record<DecisionReason, string>> = {
  'unknown-purpose': 'The message names a purpose that does not exist.',
  'unknown-topic': 'The message names a topic that does not exist under its purpose.',
  'unknown-channel': 'The message is for a channel that does not exist.',
  'unknown-contact-point': 'Nothing is known of this address on this channel.',
  'suppressed-hard-bounced': 'The address refused mail for good; nothing is sent to it for any purpose.',
  'suppressed-invalid': 'The address is not valid; nothing is sent to it for any purpose.',
  transactional: 'The purpose is transactional and asks no consent.',
  'suppressed-complaint':
    'The person complained about mail to this address; only a double opt-in they confirm themselves lifts that.',
  'suppressed-erased': 'The address was erased; only a double opt-in confirmed from it lifts that.',
  'topic-opted-out': 'The person opted out of this very topic.',
  'opted-out': 'The person opted out of the purpose, or of everything.',
  'pending-confirmation':
    'A double opt-in was asked for and is not confirmed yet; the purpose needs an opt-in.',
  'consent-expired':
    'The person opted in, and that opt-in has passed its expiry; the purpose needs a standing one.',
  'no-topic-consent': 'The purpose needs an opt-in, and there is none for this topic.',
  'no-consent': 'The purpose needs an opt-in, and there is none.',
  'opted-in': 'The person opted in, and that stands.',
  'not-opted-out': 'The purpose may be used until the person opts out, and they have not.',
}

export const trackingReasons: Readonly<Record<TrackingReason, string>> = {
  'blocked-as-unknown':
    'The message is blocked because something it names is unknown, so nothing is tracked.',
  'message-not-tracked': 'The message itself says that it is not tracked.',
  'suppressed-address': 'The address is suppressed, so nothing sent to it is tracked.',
  'no-tracking-purpose': 'The profile names no tracking purpose.',
  'unknown-tracking-purpose': 'The profile names a tracking purpose that does not exist.',
  'not-a-tracking-purpose': 'The purpose the profile names for tracking is not of the tracking kind.',
  'tracking-opted-out': 'The person opted out of tracking, or of everything.',
  'tracking-pending-confirmation': 'Tracking needs an opt-in; one was asked for and is not confirmed yet.',
  'tracking-consent-expired': 'Tracking needs an opt-in; the one there is has passed its expiry.',
  'no-tracking-consent': 'Tracking needs an opt-in, and there is none.',
  'tracking-opted-in': 'The person opted in to tracking, and that stands.',
  'tracked-by-default':
    'The person said nothing about tracking, and the profile tracks unless told otherwise.',
  'not-tracked-by-default':
    'The person said nothing about tracking, and the profile does not track unless told to.',
}

/** A decision with its reasons in words, as `POST /v1/consents/check` and deliveries answer it. */
export function explainDecision({ verdict, reason, tracking, basis, policyVersion }: Decision): {
  verdict: Decision['verdict']
  reason: DecisionReason
  explanation: string
  tracking: Decision['tracking'] & { explanation: string }
  basis: Decision['basis']
  policyVersion: number
} {
  return {
    verdict,
    reason,
    explanation: decisionReasons[reason],
    tracking: { ...tracking, explanation: trackingReasons[tracking.reason] },
    basis,
    policyVersion,
  }
}

/** Each reason of a decision in a sentence. The API shows them. */
import type { Decision, DecisionReason, TrackingReason } from './types.ts'

export const decisionReasons: Readonly<Record<DecisionReason, string>> = {
  'unknown-purpose': 'The message names a purpose that does not exist.',
  'unknown-topic': 'The message names a topic that does not exist under its purpose.',
  'unknown-channel': 'The message is for a channel that does not exist.',
  'unknown-contact-point': 'Assent does not know this address on this channel.',
  'suppressed-hard-bounced': 'The address refused mail permanently. Nothing is sent to it for any purpose.',
  'suppressed-invalid': 'The address is not valid. Nothing is sent to it for any purpose.',
  transactional: 'The purpose is transactional and needs no consent.',
  'suppressed-complaint':
    'The person complained about mail to this address. Only a double opt-in that they confirm themselves lifts this.',
  'suppressed-erased': 'The address was erased. Only a double opt-in that is confirmed from it lifts this.',
  'topic-opted-out': 'The person opted out of this topic.',
  'opted-out': 'The person opted out of the purpose, or of everything.',
  'pending-confirmation':
    'The purpose needs an opt-in. A double opt-in was requested but is not confirmed yet.',
  'consent-expired': 'The purpose needs an opt-in, and the opt-in of the person has expired.',
  'no-topic-consent': 'The purpose needs an opt-in, and there is none for this topic.',
  'no-consent': 'The purpose needs an opt-in, and there is none.',
  'opted-in': 'The person opted in, and has not opted out since.',
  'not-opted-out': 'The purpose permits messages until the person opts out, and they have not.',
}

export const trackingReasons: Readonly<Record<TrackingReason, string>> = {
  'blocked-as-unknown':
    'The message is blocked because something it names is unknown, so nothing is tracked.',
  'message-not-tracked': 'The message is set not to be tracked.',
  'suppressed-address': 'The address is suppressed, so nothing sent to it is tracked.',
  'no-tracking-purpose': 'The profile names no tracking purpose.',
  'unknown-tracking-purpose': 'The profile names a tracking purpose that does not exist.',
  'not-a-tracking-purpose': 'The purpose that the profile names for tracking is not of the kind tracking.',
  'tracking-opted-out': 'The person opted out of tracking, or of everything.',
  'tracking-pending-confirmation': 'Tracking needs an opt-in. One was requested but is not confirmed yet.',
  'tracking-consent-expired': 'Tracking needs an opt-in, and the opt-in of the person has expired.',
  'no-tracking-consent': 'Tracking needs an opt-in, and there is none.',
  'tracking-opted-in': 'The person opted in to tracking, and has not opted out since.',
  'tracked-by-default': 'The person made no choice about tracking, and the profile tracks by default.',
  'not-tracked-by-default':
    'The person made no choice about tracking, and the profile does not track by default.',
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

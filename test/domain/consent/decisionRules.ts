/**
 * The decision rules stated a second time, as a table of cases in the order of docs/consent.md: the first row that
 * holds gives the answer. Written from the rules and not from `decide`, so that one can be held against the other.
 */
import type {
  DecisionInput,
  DecisionReason,
  Standing,
  TrackingReason,
} from '../../../domain/consent/types.ts'

export type Row<Reason> = { holds: (input: DecisionInput) => boolean; reason: Reason; allows: boolean }

const has = (kind: string) => (input: DecisionInput) => input.suppressions.some((one) => one.kind === kind)
const kindIs = (kind: string) => (input: DecisionInput) => input.purpose.known && input.purpose.kind === kind
const restrictive = (input: DecisionInput) =>
  input.purpose.known && input.purpose.enforcement === 'restrictive'
const topicNamed = (input: DecisionInput) => input.topic !== null
/** What is named: the topic where there is one, else the purpose. */
const named = (input: DecisionInput): Standing | null =>
  topicNamed(input) ? input.standing.topic : input.standing.purpose
const state = (input: DecisionInput) => named(input)?.state
const past = (standing: Standing | null, now: string) =>
  standing?.state === 'opted-in' &&
  standing.expiresAt !== null &&
  Date.parse(standing.expiresAt) <= Date.parse(now)
const all =
  (...conditions: ((input: DecisionInput) => boolean)[]) =>
  (input: DecisionInput) =>
    conditions.every((condition) => condition(input))

const block = (
  reason: DecisionReason,
  ...when: ((input: DecisionInput) => boolean)[]
): Row<DecisionReason> => ({
  holds: all(...when),
  reason,
  allows: false,
})
const allow = (
  reason: DecisionReason,
  ...when: ((input: DecisionInput) => boolean)[]
): Row<DecisionReason> => ({
  holds: all(...when),
  reason,
  allows: true,
})

export const decisionRows: readonly Row<DecisionReason>[] = [
  // 1: purpose, topic, channel or contact point unknown
  block('unknown-purpose', (i) => i.purpose.known === false),
  block('unknown-topic', (i) => i.topic?.known === false),
  block('unknown-channel', (i) => i.channel.known === false),
  block('unknown-contact-point', (i) => i.contactPoint.id === null),
  // 2: address hard-bounced or invalid, any kind of purpose
  block('suppressed-hard-bounced', has('hard-bounced')),
  block('suppressed-invalid', has('invalid')),
  // 3: transactional
  allow('transactional', kindIs('transactional')),
  // 4: complained, or erased
  block('suppressed-complaint', has('complained')),
  block('suppressed-erased', has('erased')),
  // 1 again, the caller's fault: a topic whose standing was not looked up is as good as unknown
  block('unknown-topic', topicNamed, (i) => i.standing.topic === null),
  // 5: topic opted out by its own event, 6: opted out otherwise, in either model
  block(
    'topic-opted-out',
    topicNamed,
    (i) => i.standing.topic?.state === 'opted-out',
    (i) => i.standing.topic?.by === 'own',
  ),
  block('opted-out', (i) => state(i) === 'opted-out'),
  // 7: restrictive, none and pending; or past its expiry
  block(
    'pending-confirmation',
    restrictive,
    (i) => state(i) === 'none',
    (i) => named(i)?.pending === true,
  ),
  block('consent-expired', restrictive, (i) => past(named(i), i.now)),
  // 8, 9: restrictive without opt-in
  block('no-topic-consent', restrictive, topicNamed, (i) => state(i) !== 'opted-in'),
  block('no-consent', restrictive, (i) => state(i) !== 'opted-in'),
  // 10, 11
  allow('opted-in', restrictive),
  allow('not-opted-out', () => true),
]

const trackingRestrictive = (i: DecisionInput) => i.tracking.purpose?.enforcement === 'restrictive'
const tracked = (i: DecisionInput) => i.tracking.standing
const track = (
  allows: boolean,
  reason: TrackingReason,
  ...when: ((input: DecisionInput) => boolean)[]
): Row<TrackingReason> => ({ holds: all(...when), reason, allows })

const firstOf = <Reason>(rows: readonly Row<Reason>[], input: DecisionInput): Row<Reason> => {
  const row = rows.find(({ holds }) => holds(input))
  if (row === undefined) throw new Error('the rules are not total')
  return row
}

export const trackingRows: readonly Row<TrackingReason>[] = [
  track(false, 'blocked-as-unknown', (i) => firstOf(decisionRows, i).reason.startsWith('unknown-')),
  track(false, 'message-not-tracked', (i) => !i.tracking.messageAllows),
  track(false, 'suppressed-address', (i) => i.suppressions.length > 0),
  track(false, 'no-tracking-purpose', (i) => i.tracking.purpose === null),
  track(false, 'unknown-tracking-purpose', (i) => i.tracking.purpose?.known === false),
  track(false, 'not-a-tracking-purpose', (i) => i.tracking.purpose?.kind !== 'tracking'),
  track(false, 'tracking-opted-out', (i) => tracked(i).state === 'opted-out'),
  track(
    false,
    'tracking-pending-confirmation',
    trackingRestrictive,
    (i) => tracked(i).state === 'none',
    (i) => tracked(i).pending,
  ),
  track(false, 'no-tracking-consent', trackingRestrictive, (i) => tracked(i).state === 'none'),
  track(false, 'tracking-consent-expired', trackingRestrictive, (i) => past(tracked(i), i.now)),
  track(
    true,
    'tracking-opted-in',
    (i) => tracked(i).state === 'opted-in',
    (i) => !past(tracked(i), i.now),
  ),
  track(true, 'tracked-by-default', (i) => i.tracking.default === 'track'),
  track(false, 'not-tracked-by-default', () => true),
]

export const expectedDecision = (input: DecisionInput) => firstOf(decisionRows, input)
export const expectedTracking = (input: DecisionInput) => firstOf(trackingRows, input)

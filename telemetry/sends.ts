/** Decisions, claims, hand-overs, and what became of deliveries. */
import { Counter, Histogram } from 'prom-client'
import { decisionReasonKeys } from '../domain/consent/types.ts'
import { atMost, oneOf, registry } from './registry.ts'

const decisions = new Counter({
  name: 'assent_decisions_total',
  help: 'Decisions on messages, by verdict and reason; made by the consent activity (forecast) and again under the lock (claim)',
  labelNames: ['made_by', 'verdict', 'reason'] as const,
  registers: [registry],
})
const claims = new Counter({
  name: 'assent_claims_total',
  help: 'Claims by outcome: claimed, stale (rendered again), settled (blocked, cancelled, expired, or settled before)',
  labelNames: ['channel', 'outcome'] as const,
  registers: [registry],
})
const deliveries = new Counter({
  name: 'assent_deliveries_total',
  help: 'States that deliveries came into, with the reason (a block reason for blocked)',
  labelNames: ['channel', 'state', 'reason'] as const,
  registers: [registry],
})
const handOvers = new Histogram({
  name: 'assent_hand_over_seconds',
  help: 'Time to give one message to the provider, by what it answered',
  labelNames: ['channel', 'outcome'] as const,
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers: [registry],
})

/** Reasons that are no decision's. What follows a colon says more to a reader, and is left out here. */
const otherReasons = [
  'cancelled',
  'cancelled-in-temporal',
  'cannot-compose',
  'cannot-render',
  'changed-while-rendered',
  'channel-unavailable',
  'confirmations-limited',
  'dkim-key',
  'expired',
  'gave-up',
  'no-answer',
  'not-handed-over',
  'refused',
  'refused-for-now',
  'rendering-busy',
  'rendering-closed',
  'rendering-too-costly',
  'template-error',
  'template-limit',
]
const knownReason = oneOf([...decisionReasonKeys, ...otherReasons])
/** Channels are declared by the operator: email, sms, and a few custom ones. */
const channelOf = atMost(20)

function reasonOf(reason: string | null): string {
  return reason === null ? 'none' : knownReason(reason.replace(/:.*$/s, ''))
}

export function countDecision(
  madeBy: 'forecast' | 'claim',
  { verdict, reason }: { verdict: 'allow' | 'block'; reason: string },
): void {
  decisions.inc({ made_by: madeBy, verdict, reason: reasonOf(reason) })
}

export function countClaim(channel: string, outcome: 'claimed' | 'stale' | 'settled'): void {
  claims.inc({ channel: channelOf(channel), outcome })
}

/** The delivery came into this state. */
export function countDelivery(delivery: { channel: string; state: string; reason: string | null }): void {
  const { channel, state, reason } = delivery
  deliveries.inc({ channel: channelOf(channel), state, reason: reasonOf(reason) })
}

/** @param outcome kind of what the provider answered; `error`: the attempt threw */
export function observeHandOver(channel: string, outcome: string, seconds: number): void {
  handOvers.observe({ channel: channelOf(channel), outcome }, seconds)
}

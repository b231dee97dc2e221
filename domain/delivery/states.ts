/**
 * The states of a delivery and the ways between them. SQL and code take their states from here.
 *
 * 1. `claimed`: decided under the lock and taken by one attempt; no byte of the body has flowed.
 * 2. `handed-over` is committed before the first byte of the body. From then on the provider may have the message.
 * 3. Only an explicit answer of the provider leads to `sent`, `failed` or `held`. No answer leads to `unknown`, which is not
 *    repeated; a late answer, or a person who asked the provider, settles it. An idempotent channel repeats the hand-over instead:
 *    the delivery stays `handed-over`, since the provider may have the message all the time.
 * 4. `held` goes back to `claimed` by a new claim, which decides again.
 */
import type { SendResult } from '../journey/machineTypes.ts'

export const deliveryStates = [
  'claimed',
  'held',
  'handed-over',
  'sent',
  'delivered',
  'failed',
  'unknown',
  'blocked',
  'cancelled',
  'expired',
] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** For each state the states that may follow; `none`: no row exists yet. */
export const transitions: Readonly<Record<DeliveryState | 'none', readonly DeliveryState[]>> = {
  none: ['claimed', 'held', 'blocked', 'cancelled', 'expired', 'failed'],
  // To itself: the attempt died before the body, and another attempt claims.
  claimed: ['claimed', 'held', 'handed-over', 'failed', 'blocked', 'cancelled', 'expired'],
  held: ['held', 'claimed', 'blocked', 'cancelled', 'expired', 'failed'],
  'handed-over': ['sent', 'held', 'failed', 'unknown', 'handed-over'],
  unknown: ['sent', 'failed'],
  sent: ['delivered', 'failed'],
  delivered: [],
  failed: [],
  blocked: [],
  cancelled: [],
  expired: [],
}

/** States from which this one can be reached. */
export function statesBefore(state: DeliveryState): DeliveryState[] {
  return deliveryStates.filter((before) => transitions[before].includes(state))
}

/**
 * What a state means to the run that waits for the send; null while the send is not over.
 * `handed-over` is open: the attempt still has to record the outcome.
 */
export function sendResultOf(state: DeliveryState): SendResult | null {
  switch (state) {
    case 'claimed':
    case 'held':
    case 'handed-over':
      return null
    case 'sent':
    case 'delivered':
      return 'handed-over'
    case 'failed':
    case 'unknown':
    case 'blocked':
    case 'cancelled':
    case 'expired':
      return state
    default:
      return state satisfies never
  }
}

/** States in which the send is not over. */
export const openStates = deliveryStates.filter((state) => sendResultOf(state) === null)

/** States of the usual way: a row goes through them in place, so lists and indexes take them as one. */
const usualStates = ['claimed', 'handed-over', 'sent', 'delivered'] as const satisfies DeliveryState[]

/** `usual`, or the state: the value of `deliveries.course`, by which lists find unusual deliveries. */
export function courseOf(state: DeliveryState): string {
  return usualStates.some((usual) => usual === state) ? 'usual' : state
}

/** Every value of `courseOf`. */
export const courses: readonly string[] = [...new Set(deliveryStates.map(courseOf))]

/** Whether the message may be with the provider. */
export function mayBeWithProvider(state: DeliveryState): boolean {
  return state === 'handed-over' || state === 'unknown' || state === 'sent' || state === 'delivered'
}

/**
 * Seconds until a held delivery is tried again: doubles from 1 second to 10 minutes.
 * @param holds how often it was held before
 */
export function secondsHeld(holds: number): number {
  return Math.min(2 ** Math.min(holds, 10), 600)
}

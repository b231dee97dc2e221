/** What became of a delivery, and why, in a sentence for the person who reads it. The API shows it. */
import { decisionReasons } from '../consent/reasons.ts'
import type { DeliveryState } from './states.ts'

type Explainable = {
  state: DeliveryState
  reason: string | null
  settledByHand: { reason: string } | null
}

export function explainDelivery({ state, reason, settledByHand }: Explainable): string {
  if (settledByHand !== null) {
    const what = state === 'failed' ? 'was not sent' : 'was sent'
    return `The outcome was unknown; a person recorded that the message ${what}: ${settledByHand.reason}`
  }
  switch (state) {
    case 'claimed':
      return 'It is being handed over now.'
    case 'handed-over':
      return 'The mail server asked for the message; its answer is awaited.'
    case 'sent':
      return 'The mail server accepted the message.'
    case 'delivered':
      return 'The provider reported that the message arrived.'
    case 'held':
      return held.get(reason ?? '') ?? 'It could not be handed over yet and is tried again.'
    case 'unknown':
      return 'The message was on its way when the answer was lost: it may have arrived. It is not sent again. Ask the mail server’s log for the providerId, then settle it.'
    case 'blocked':
      return blocked.get(reason ?? '') ?? 'It was not permitted when it was decided on.'
    case 'cancelled':
      return 'Its run, or its double opt-in, had ended before it could leave.'
    case 'expired':
      return 'The time in which it was worth sending had passed before it could leave.'
    case 'failed':
      return failed(reason ?? '')
    default:
      return state satisfies never
  }
}

const held: ReadonlyMap<string, string> = new Map([
  ['refused-for-now', 'The mail server refused it for now (4xx); it is tried again.'],
  ['not-handed-over', 'The connection was lost before the message was on its way; it is tried again.'],
])

const blocked: ReadonlyMap<string, string> = new Map([
  ...Object.entries(decisionReasons),
  ['confirmations-limited', 'This address was sent as many confirmations lately as it may be.'],
])

function failed(reason: string): string {
  if (reason === 'refused') {
    return 'The mail server refused it for good (5xx): providerAnswer says why.'
  }
  if (reason === 'gave-up') return 'It was tried for as long as messages are, in vain.'
  return `The message could not be made for this contact: ${reason}`
}

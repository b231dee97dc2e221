/** The outcome of a delivery and its reason, in a sentence for a person. The API shows it. */
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
      return reason === 'no-answer'
        ? 'No answer came. It is handed over again under the same id, so the provider sends it once at most.'
        : 'The provider is receiving the message; its answer is awaited.'
    case 'sent':
      return 'The provider accepted the message.'
    case 'delivered':
      return 'The provider reported that the message arrived.'
    case 'held':
      return held.get(reason ?? '') ?? 'It could not be handed over yet and is tried again.'
    case 'unknown':
      return 'The message was on its way when the answer was lost: it may have arrived. It is not sent again. Look for the providerId in the provider’s log, then settle it.'
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
  ['refused-for-now', 'The provider refused it for now; it is tried again. See providerAnswer.'],
  ['not-handed-over', 'The connection was lost before the message was on its way; it is tried again.'],
])

const blocked: ReadonlyMap<string, string> = new Map([
  ...Object.entries(decisionReasons),
  ['confirmations-limited', 'This address has recently received as many confirmations as are allowed.'],
])

function failed(reason: string): string {
  if (reason === 'refused') {
    return 'The provider refused it for good: providerAnswer says why.'
  }
  if (reason === 'gave-up') return 'It could not be sent in time: it was tried until the end of its send.'
  return `The message could not be made for this contact: ${reason}`
}

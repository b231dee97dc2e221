/** What states, outcomes and reasons are called on the shop's pages; what has no words here is shown as it is. */
import { decisionReasons, trackingReasons } from '../../domain/consent/reasons.ts'

const outcomes: Readonly<Record<string, string>> = {
  sending: 'asked, claimed, being handed over',
  claimed: 'asked, claimed, being handed over',
  'handed-over': 'handed over, no answer yet',
  sent: 'sent',
  delivered: 'delivered',
  blocked: 'not sent',
  failed: 'the mail server refused it',
  unknown: 'handed over, and no answer: not repeated',
  expired: 'too late, not sent',
  cancelled: 'cancelled',
  held: 'held back for now',
  waiting: 'waiting',
  waited: 'waited',
  matched: 'it happened',
  'timed-out': 'it did not happen in time',
  untracked: 'not looked at: nothing is tracked without consent',
  closed: 'no longer waiting',
  case: 'took this way',
  otherwise: 'took the other way',
  exited: 'ended here',
}

export function outcomeInWords(outcome: string): string {
  return outcomes[outcome] ?? outcome
}

const reasons: ReadonlyMap<string, string> = new Map(Object.entries(decisionReasons))

/** A sentence, or undefined where there is nothing to add to the reason itself. */
export function reasonInWords(reason: string): string | undefined {
  return reasons.get(reason)
}

const tracking: ReadonlyMap<string, string> = new Map(Object.entries(trackingReasons))

export function trackingInWords(reason: string): string | undefined {
  return tracking.get(reason)
}

/** How a state should look: under way, over as wanted, held back for a reason, or over in another way. */
export function toneOf(state: string): 'under-way' | 'good' | 'blocked' | 'stopped' {
  switch (state) {
    case 'running':
    case 'waiting':
    case 'paused':
    case 'pending':
    case 'sending':
    case 'claimed':
    case 'held':
      return 'under-way'
    case 'completed':
    case 'confirmed':
    case 'sent':
    case 'delivered':
    case 'matched':
    case 'waited':
    case 'opted-in':
      return 'good'
    case 'blocked':
    case 'failed':
      return 'blocked'
    default:
      return 'stopped'
  }
}

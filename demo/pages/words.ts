/** The words for states, outcomes and reasons on the shop's pages. A code without words is shown as it is. */
import { decisionReasons, trackingReasons } from '../../domain/consent/reasons.ts'

const outcomes: Readonly<Record<string, string>> = {
  sending: 'decided and claimed, being handed over',
  claimed: 'decided and claimed, being handed over',
  'handed-over': 'handed over, no answer yet',
  sent: 'sent',
  delivered: 'delivered',
  blocked: 'not sent',
  failed: 'the mail server refused it',
  unknown: 'handed over, the answer was lost: not repeated',
  expired: 'not sent, too late',
  cancelled: 'cancelled',
  held: 'not sent yet, will be tried again',
  waiting: 'waiting',
  waited: 'waited',
  matched: 'it happened',
  'timed-out': 'it did not happen in time',
  untracked: 'not known: nothing is tracked without consent',
  closed: 'no longer waiting',
  case: 'a case was true',
  otherwise: 'no case was true',
  exited: 'ended here',
}

export function outcomeInWords(outcome: string): string {
  return outcomes[outcome] ?? outcome
}

const reasons: ReadonlyMap<string, string> = new Map(Object.entries(decisionReasons))

/** A sentence about a reason; undefined if there is none. */
export function reasonInWords(reason: string): string | undefined {
  return reasons.get(reason)
}

const tracking: ReadonlyMap<string, string> = new Map(Object.entries(trackingReasons))

export function trackingInWords(reason: string): string | undefined {
  return tracking.get(reason)
}

/** The look of a state: under way, ended well, blocked, or ended in another way. */
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

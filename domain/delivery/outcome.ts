/**
 * The outcome of one hand-over, in the terms that all channels share, and its effect on the delivery. The outcome is
 * only what the provider explicitly answered. "The provider may have it" begins when the body begins to flow, and is
 * never inferred from an error.
 */
import type { ProviderAnswer } from './providerAnswer.ts'
import type { DeliveryState } from './states.ts'

/**
 * - `accepted`: the provider accepted the whole message.
 * - `refused`: the provider rejected the message and does not have it. `permanent`: the message fails. Otherwise it is tried again.
 * - `not-handed-over`: the connection was lost before the body began to flow. The message may be handed over again.
 * - `forestalled`: `beforeBody` returned false; no byte was sent.
 * - `unknown`: the body began to flow and no answer came. Only an idempotent channel may repeat it.
 */
export type HandOverOutcome =
  | { readonly kind: 'accepted'; readonly answer: ProviderAnswer }
  | {
      readonly kind: 'refused'
      readonly permanent: boolean
      readonly answer: ProviderAnswer
      /** Set if the refusal is about the address, and not about the sender or the message. */
      readonly suppress?: Suppress | undefined
    }
  | { readonly kind: 'not-handed-over'; readonly cause: string }
  | { readonly kind: 'forestalled' }
  | { readonly kind: 'unknown'; readonly cause: string }

/** Why nothing is sent to an address any more. */
export type Suppress = {
  readonly kind: 'hard-bounced'
  /** Kept with the suppression: a code, never the provider's text. */
  readonly reason: string
  /** The provider's code, for the payload of `message.bounced`. */
  readonly status: string
}

/** The attempt that made the hand-over. */
export type AttemptKind = {
  /** The channel's provider takes the delivery's id as an idempotency key. */
  readonly idempotent: boolean
  /** An attempt before this one began a hand-over whose outcome is not known. */
  readonly repeated: boolean
}

/** The effect of an outcome on the delivery. */
export type Settlement = {
  readonly state: Extract<DeliveryState, 'sent' | 'failed' | 'held' | 'handed-over' | 'unknown'>
  /** A code. */
  readonly reason: string | null
  readonly answer: ProviderAnswer | null
  /** Whether the delivery is tried again after a pause. */
  readonly again: boolean
  /** Whether it also settles a delivery that was already given up as `unknown`. */
  readonly late: boolean
}

/** @returns null if the outcome changes nothing: another attempt, or a withdrawal, came first */
export function settlementOf(outcome: HandOverOutcome, attempt: AttemptKind): Settlement | null {
  switch (outcome.kind) {
    case 'accepted':
      return { state: 'sent', reason: null, answer: outcome.answer, again: false, late: true }
    case 'refused':
      return outcome.permanent
        ? { state: 'failed', reason: 'refused', answer: outcome.answer, again: false, late: true }
        : tryAgain('refused-for-now', outcome.answer, attempt)
    case 'not-handed-over':
      return tryAgain('not-handed-over', null, attempt)
    case 'unknown':
      return attempt.idempotent
        ? tryAgain('no-answer', null, { repeated: true })
        : { state: 'unknown', reason: 'no-answer', answer: null, again: false, late: false }
    case 'forestalled':
      return null
    default:
      return outcome satisfies never
  }
}

/** A failed repeat does not prove anything about the earlier hand-over: the provider may still have the message. */
function tryAgain(
  reason: string,
  answer: ProviderAnswer | null,
  { repeated }: { repeated: boolean },
): Settlement {
  return { state: repeated ? 'handed-over' : 'held', reason, answer, again: true, late: false }
}

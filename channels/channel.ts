/**
 * The interface of a channel: how a message reaches a person. A send has four steps, in this order:
 *
 * 1. `prepare` turns the rendered content into what the channel sends. It needs no connection.
 * 2. `acquire` obtains a slot: a free, live connection to the provider. All waiting happens here, before the claim.
 * 3. The claim decides again under the lock and commits (`transactions/deliveries/claimDelivery.ts`).
 * 4. `handOver` on the slot starts at once. Before the body flows it calls `beforeBody`, which commits "handed-over".
 *
 * Only a channel's own folder knows its protocol, its codes and its provider's JSON. Every channel reports a `HandOverOutcome`, and throws
 * faults (`domain/delivery/faults.ts`).
 */
import { EnvironmentFault } from '../domain/delivery/faults.ts'
import type { HandOverOutcome } from '../domain/delivery/outcome.ts'
import type { RenderedMessage } from '../domain/messages/template.ts'
import type { FieldError } from '../domain/refusal.ts'
import type { Profile } from '../domain/shapes/profile.ts'

/** One message to one person, rendered. */
export type Outgoing = {
  /** Id of the delivery or the test mail. The provider's id and the idempotency key are derived from it. */
  readonly id: string
  /** The one recipient: a normalised address on the channel. */
  readonly to: string
  /** The compliance profile that names the sender. */
  readonly profile: Profile
  /** The content as it is sent: links replaced, pixel added. */
  readonly message: RenderedMessage
  readonly occasion:
    | {
        readonly kind: 'delivery'
        /** Kind of its purpose. Every kind but `transactional` gets an unsubscribe link. */
        readonly purposeKind: string
        /** The delivery's permanent unsubscribe link. */
        readonly unsubscribeUrl: string
      }
    /** Marked as a test. It has no unsubscribe link, because it is not sent under anyone's consent. */
    | { readonly kind: 'test' }
}

/** A message in the form that the channel sends. Each channel adds its own fields. */
export type Prepared = {
  /** The message's id at the provider, if it is known before the hand-over: the Message-ID of an e-mail. */
  readonly providerId: string | null
}

/** One free connection for the hand-over of one message. Use it once, then release it, whatever happened. */
export interface Slot<P extends Prepared = Prepared> {
  /**
   * Hands the message over. `beforeBody` is awaited once the provider is ready for the body, before the first byte of it. It commits
   * "handed-over" and returns true. If it returns false, no body is sent and the outcome is `forestalled`. If it throws, no body is sent
   * and the outcome is `not-handed-over`. `handOver` itself never throws.
   */
  handOver(prepared: P, beforeBody: () => Promise<boolean>): Promise<HandOverOutcome>
  /** Gives the connection back. Idempotent. */
  release(): void
}

export interface Channel<P extends Prepared = Prepared> {
  /** The channel's name in messages and contact points: `email`. */
  readonly key: string
  /**
   * Whether the provider accepts the delivery's id as an idempotency key: a second hand-over with the same id, even with other content,
   * never sends a second message. Then a hand-over without an answer is repeated instead of ending as `unknown`.
   */
  readonly idempotent: boolean
  /** @throws MessageFault or EnvironmentFault */
  prepare(outgoing: Outgoing): Promise<P>
  /**
   * Waits for a free slot.
   *
   * @throws ChannelUnavailable if there was none in time
   * @throws the signal's reason when `signal` is aborted first
   */
  acquire(options: { signal?: AbortSignal }): Promise<Slot<P>>
  /** Errors in a profile with which this channel cannot send. Checked when the profile is put, so that its messages are not held later. */
  checkSender(profile: Profile): Promise<readonly FieldError[]>
  /** Refuses new slots; resolves when the slots in use have been released. */
  close(): Promise<void>
}

/**
 * - `connection-failed`: no connection, or the provider refused it (name not found, port closed, service not available)
 * - `tls-failed`: no secure connection
 * - `authentication-failed`: the provider refused our credentials
 * - `timed-out`: the provider did not answer in time, or no slot became free
 * - `not-set-up`: this process has no settings for the channel
 * - `closed`: the process is stopping
 */
export type UnavailableCode =
  | 'connection-failed'
  | 'tls-failed'
  | 'authentication-failed'
  | 'timed-out'
  | 'not-set-up'
  | 'closed'

/** The provider cannot be used now; nothing was handed over. Its message names no address and no credentials. */
export class ChannelUnavailable extends EnvironmentFault {
  override readonly name = 'ChannelUnavailable'
  readonly code: UnavailableCode

  constructor(code: UnavailableCode, message: string) {
    super(`channel-unavailable: ${code}`, message)
    this.code = code
  }
}

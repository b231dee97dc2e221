/**
 * A channel: how a message reaches a person. A send asks for four things, in this order:
 *
 * 1. `prepare` makes what leaves from the rendered words. It needs no connection.
 * 2. `acquire` obtains a slot: a free, live place at the provider. Whoever has to wait waits here, before the claim.
 * 3. The claim decides again under the lock and commits (`transactions/deliveries/claimDelivery.ts`).
 * 4. `handOver` on the slot starts at once. Before the body flows it calls `beforeBody`, which commits "handed-over".
 *
 * Nothing outside a channel's folder knows its protocol, its codes or its provider's JSON. What every channel reports is
 * `HandOverOutcome`, what it throws is a fault (`domain/delivery/faults.ts`).
 */
import { EnvironmentFault } from '../domain/delivery/faults.ts'
import type { HandOverOutcome } from '../domain/delivery/outcome.ts'
import type { RenderedMessage } from '../domain/messages/template.ts'
import type { FieldError } from '../domain/refusal.ts'
import type { Profile } from '../domain/shapes/profile.ts'

/** One message to one person, rendered. */
export type Outgoing = {
  /** Id of the delivery or the test mail. The provider's id and an idempotency key follow from it. */
  readonly id: string
  /** The one recipient: a normalised address on the channel. */
  readonly to: string
  /** Who writes. */
  readonly profile: Profile
  /** The words as they leave: links exchanged, pixel added. */
  readonly message: RenderedMessage
  readonly occasion:
    | {
        readonly kind: 'delivery'
        /** Kind of its purpose. Whatever is not known to be `transactional` offers a way out. */
        readonly purposeKind: string
        /** The delivery's permanent link to withdraw. */
        readonly unsubscribeUrl: string
      }
    /** Marked as a test, and without a way out: it is sent under nobody's consent. */
    | { readonly kind: 'test' }
}

/** What leaves. A channel adds its own fields. */
export type Prepared = {
  /** What the provider's log knows the message by, where that is known beforehand: the Message-ID of an e-mail. */
  readonly providerId: string | null
}

/** One free place to hand one message over. Use it once, then release it, whatever happened. */
export interface Slot<P extends Prepared = Prepared> {
  /**
   * Hands the message over. `beforeBody` is awaited once the provider is ready for the body, before the first byte of it. It commits
   * "handed-over" and answers true. If it answers false, nothing flows and the outcome is `forestalled`. If it throws, nothing
   * flows and the outcome is `not-handed-over`. Never throws.
   */
  handOver(prepared: P, beforeBody: () => Promise<boolean>): Promise<HandOverOutcome>
  /** Gives the place back. Harmless when called again. */
  release(): void
}

export interface Channel<P extends Prepared = Prepared> {
  /** As messages and contact points name it: `email`. */
  readonly key: string
  /**
   * Whether the provider takes the delivery's id as an idempotency key: handing the same id over again, even with other words, never
   * makes a second message. A hand-over without an answer is then repeated instead of ending as `unknown`.
   */
  readonly idempotent: boolean
  /** @throws MessageFault or EnvironmentFault */
  prepare(outgoing: Outgoing): Promise<P>
  /**
   * Waits for a free place.
   *
   * @throws ChannelUnavailable when none could be had
   * @throws the signal's reason when `signal` is aborted first
   */
  acquire(options: { signal?: AbortSignal }): Promise<Slot<P>>
  /** What in a profile this channel cannot send with. Checked when the profile is put, rather than when its messages are held. */
  checkSender(profile: Profile): Promise<readonly FieldError[]>
  /** Refuses further slots; resolves when those in use have been released. */
  close(): Promise<void>
}

/**
 * - `connection-failed`: no connection, or the provider refused it (name not found, port closed, service not available)
 * - `tls-failed`: no secure connection
 * - `authentication-failed`: the provider refused our credentials
 * - `timed-out`: the provider did not answer in time, or no place became free
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

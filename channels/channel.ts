/**
 * What a channel promises to whoever hands a message over.
 *
 * A slot is a free, live connection, obtained *before* a delivery is claimed; handing over on it starts at once and
 * nothing queues behind the claim. What comes back is only what the provider explicitly said. "It may have the message"
 * begins when body bytes begin to flow, and is never concluded from an error code.
 */

/** The provider's own words about one hand-over. Never holds an address: those are masked before they get here. */
export type ProviderAnswer = {
  /** Reply code of the protocol (SMTP: RFC 5321 §4.2, such as 250 or 550); null where it gave none. */
  readonly code: number | null
  /** Enhanced status code (RFC 3463, such as `5.1.1`); null where it gave none. */
  readonly enhanced: string | null
  /** The text of the reply, addresses masked, cut to a sane length. */
  readonly text: string
}

/** Where in the conversation the provider refused: at the sender, at the recipient, before the body, or after it. */
export type RefusalStage = 'sender' | 'recipient' | 'data' | 'body'

/**
 * What the provider explicitly said, or that it may have the message without our knowing.
 *
 * - `accepted`: it said yes after the whole body.
 * - `refused`: it said no, at any stage; it does NOT have the message. `permanent` is a 5xx, else it may be tried later.
 * - `not-handed-over`: lost before any body byte flowed; the same message may be handed over again.
 * - `forestalled`: `beforeBody` said no; the connection was dropped and nothing flowed.
 * - `unknown`: body bytes began to flow and no answer came; never repeat.
 */
export type HandOver =
  | { readonly kind: 'accepted'; readonly answer: ProviderAnswer }
  | {
      readonly kind: 'refused'
      readonly permanent: boolean
      readonly answer: ProviderAnswer
      readonly stage: RefusalStage
    }
  | { readonly kind: 'not-handed-over'; readonly cause: string }
  | { readonly kind: 'forestalled' }
  | { readonly kind: 'unknown'; readonly cause: string }

/** One composed mail for exactly one recipient. */
export type Mail = {
  /** The SMTP envelope (RFC 5321): the return path and the one recipient. */
  readonly envelope: { readonly from: string; readonly to: string }
  /** The message as it goes over the wire (RFC 5322), complete with its headers. */
  readonly mime: Uint8Array
}

/** One free place to hand one message over. Use it once, then release it, whatever happened. */
export interface Slot {
  /**
   * Hands the mail over. `beforeBody` is awaited once the provider is ready for the body and before its first byte: it
   * commits "handed-over" and answers true, or answers false, whereupon nothing flows. If it throws, nothing flows
   * either, and the outcome is `not-handed-over`. Never throws.
   */
  handOver(mail: Mail, beforeBody: () => Promise<boolean>): Promise<HandOver>
  /** Gives the place back. Harmless when called again. */
  release(): void
}

/** E-mail, as activities see it. */
export interface EmailChannel {
  /**
   * Waits for a free place on a connected, authenticated and live connection.
   *
   * @throws ChannelUnavailable when none could be had; it may be tried again
   * @throws the signal's reason when `signal` is aborted first
   */
  acquire(options: { signal?: AbortSignal }): Promise<Slot>
  /** Refuses further places, and ends idle connections; resolves when those in use have been released. */
  close(): Promise<void>
}

/** Why no connection could be had. */
export type UnavailableCode =
  | 'connection-failed'
  | 'tls-failed'
  | 'authentication-failed'
  | 'timed-out'
  | 'closed'

/** The provider cannot be reached now; nothing was handed over. Its message names no address and no credentials. */
export class ChannelUnavailable extends Error {
  override readonly name = 'ChannelUnavailable'
  readonly code: UnavailableCode
  /** Whether trying again later may help: false only once the channel has been closed. */
  readonly retryable: boolean

  constructor(code: UnavailableCode, message: string) {
    super(message)
    this.code = code
    this.retryable = code !== 'closed'
  }
}

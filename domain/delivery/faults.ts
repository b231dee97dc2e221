/**
 * Why a message cannot be handed over now. Channels and rendering throw these; `activities/` asks only for the class,
 * so this file is the one place that distinguishes faults of the environment from faults of the message.
 *
 * `reason` is a code (`channel-unavailable: tls-failed`). It is stored with the delivery and shown, so it holds no personal data.
 */

/** A part of our environment is unavailable: a key, a server, a thread. The delivery is held and tried again. */
export class EnvironmentFault extends Error {
  override readonly name: string = 'EnvironmentFault'
  readonly reason: string

  /** @param message for our own log; the reason unless given */
  constructor(reason: string, message = reason) {
    super(message)
    this.reason = reason
  }
}

/** The message cannot be sent as it is. A retry would not help: the delivery fails. */
export class MessageFault extends Error {
  override readonly name: string = 'MessageFault'
  readonly reason: string

  /** @param message for our own log; the reason unless given */
  constructor(reason: string, message = reason) {
    super(message)
    this.reason = reason
  }
}

/** Rendering took too long, or too much memory. Message or machine may be the cause: tried a few times, then failed. */
export class RenderingStopped extends Error {
  override readonly name = 'RenderingStopped'
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

export type Fault = EnvironmentFault | MessageFault | RenderingStopped

/** Any other error is neither: a lost database connection, a cancellation, a bug. */
export function isFault(error: unknown): error is Fault {
  return (
    error instanceof EnvironmentFault || error instanceof MessageFault || error instanceof RenderingStopped
  )
}

/**
 * Why a message cannot be handed over now. Channels and rendering throw these; `activities/` asks only for the class, so this file is
 * the one place that tells the environment's faults from the message's.
 *
 * `reason` is a code (`channel-unavailable: tls-failed`). It is stored with the delivery and shown, so it holds no personal data.
 */

/** Something of ours is not to be had now: a key, a server, a thread. The delivery is held and tried again. */
export class EnvironmentFault extends Error {
  override readonly name: string = 'EnvironmentFault'
  readonly reason: string

  /** @param message for our own log; the reason unless given */
  constructor(reason: string, message = reason) {
    super(message)
    this.reason = reason
  }
}

/** The message cannot be sent as it is. To try again changes nothing: the delivery fails. */
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

/** Anything else says nothing about message or environment: a lost database, a cancellation, a fault in our code. */
export function isFault(error: unknown): error is Fault {
  return (
    error instanceof EnvironmentFault || error instanceof MessageFault || error instanceof RenderingStopped
  )
}

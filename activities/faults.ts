/**
 * Why a delivery could not be made, and what follows. What is wrong with our environment is tried again; what is wrong with the
 * message fails it. This is the one place that tells them apart.
 */
import { ChannelUnavailable } from '../channels/channel.ts'
import { ComposeError } from '../channels/email/compose.ts'
import { HeaderError } from '../domain/messages/headers.ts'
import { JobFailed, JobStopped } from '../threads/pool.ts'
import { DkimKeyError } from '../transactions/dkimKeys.ts'
import { CannotRender } from './render.ts'

/**
 * `reason` is a code, never data.
 *
 * - `message`: the message cannot be sent as it stands. Trying again changes nothing: the delivery fails at once.
 * - `environment`: a key, a server or a thread is not to be had now. The delivery is held and tried again.
 * - `rendering`: rendering took too long, or too much memory. Message or machine may be the cause: tried a few times, then failed.
 */
export type Fault = { readonly kind: 'message' | 'environment' | 'rendering'; readonly reason: string }

/** @returns null for what says nothing about message or environment: a lost database, a cancellation, a fault of ours */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof CannotRender) return { kind: 'message', reason: error.reason }
  if (error instanceof HeaderError) return { kind: 'message', reason: `cannot-compose: ${error.code}` }
  if (error instanceof ComposeError) {
    // The key was read and is one; that it does not sign is no fault of the message.
    const kind = error.code === 'dkim-failed' ? 'environment' : 'message'
    return { kind, reason: `cannot-compose: ${error.code}` }
  }
  if (error instanceof DkimKeyError) return { kind: 'environment', reason: `dkim-key: ${error.code}` }
  if (error instanceof ChannelUnavailable) {
    return { kind: 'environment', reason: `channel-unavailable: ${error.code}` }
  }
  if (error instanceof JobFailed) return { kind: 'message', reason: 'cannot-render: unexpected' }
  if (error instanceof JobStopped) return faultOfStop(error)
  return null
}

function faultOfStop({ code }: JobStopped): Fault {
  switch (code) {
    case 'deadline':
    case 'memory':
      return { kind: 'rendering', reason: `rendering-too-costly: ${code}` }
    case 'busy':
    case 'closed':
      return { kind: 'environment', reason: `rendering-${code}` }
    default:
      return code satisfies never
  }
}

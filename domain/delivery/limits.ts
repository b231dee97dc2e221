/** How long Assent tries to send a message. */

/** A message that nothing but the provider holds back is tried for three days. */
const patienceMs = 3 * 86_400_000

/**
 * Milliseconds after its step was entered at which Assent gives up a send.
 * @param expiresMs the step's own limit, or null
 */
export function sendEndsAfter(expiresMs: number | null): number {
  return Math.min(expiresMs ?? patienceMs, patienceMs)
}

/** Why a send is given up at that moment: its own limit has passed, or the three days. */
export function sendEndReason(expiresMs: number | null): 'expired' | 'gave-up' {
  return expiresMs !== null && expiresMs <= patienceMs ? 'expired' : 'gave-up'
}

/**
 * The state of a send that was given up.
 * @param reason `expired` if the message had its own time limit; anything else means `failed`
 */
export function lapsedState(reason: string): 'expired' | 'failed' {
  return reason === 'expired' ? 'expired' : 'failed'
}

/** What a provider's refusal means for the address. */

/**
 * Enhanced status codes (RFC 3463) that mean "this mailbox does not exist": bad destination mailbox, bad destination system,
 * mailbox moved without forwarding, recipient does not accept mail (RFC 7505).
 */
const addressIsBad = new Set(['5.1.1', '5.1.2', '5.1.6', '5.1.10'])

/** Whether a permanent refusal means the address, and not the sender or the message. */
export function isHardBounce(enhanced: string | null): boolean {
  return enhanced !== null && addressIsBad.has(enhanced)
}

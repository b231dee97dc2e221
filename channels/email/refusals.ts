/**
 * What an SMTP refusal means (RFC 5321 §4.2, RFC 3463): whether to retry, and whether to suppress the address.
 *
 * | reply | meaning |
 * | --- | --- |
 * | 4xx | refused for now |
 * | 530, 534, 535, 538 | our credentials or our TLS are not accepted (RFC 4954 §6, RFC 3207 §4): our environment, retried |
 * | other 5xx | refused for good |
 * | 5.1.1, 5.1.2, 5.1.6, 5.1.10 in another 5xx | also: the mailbox does not exist, and the address is suppressed |
 */
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import type { SmtpReply } from './answer.ts'

/** The stage at which the server refused: sender, recipient, before the body, or after it. */
export type RefusalStage = 'sender' | 'recipient' | 'data' | 'body'

/** Bad mailbox, bad destination system, mailbox moved without forwarding, recipient takes no mail (RFC 7505). */
const addressIsBad: ReadonlySet<string> = new Set(['5.1.1', '5.1.2', '5.1.6', '5.1.10'])

/** Codes that concern the session, not the message. */
const sessionIsBad: ReadonlySet<number> = new Set([530, 534, 535, 538])

/** The outcome of a complete 4xx or 5xx reply. */
export function refusalOf(reply: SmtpReply, stage: RefusalStage): HandOverOutcome {
  const { code, enhanced } = reply
  const permanent = code !== null && code >= 500 && !sessionIsBad.has(code)
  const refused = { kind: 'refused', permanent, answer: { ...reply, stage } } as const
  if (!permanent || enhanced === null || !addressIsBad.has(enhanced)) return refused
  return {
    ...refused,
    suppress: { kind: 'hard-bounced', reason: `${code} ${enhanced}`, status: enhanced },
  }
}

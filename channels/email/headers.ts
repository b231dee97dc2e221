/** The header fields that Assent adds to a mail. */
import { createHash } from 'node:crypto'
import { MessageFault } from '../../domain/delivery/faults.ts'

/** A header cannot be built for this profile or delivery. The error's text contains no address. */
export class HeaderError extends MessageFault {
  override readonly name = 'HeaderError'
  /** `no-sender-domain`: for a Message-ID; `no-unsubscribe-address`: for a commercial mail. */
  readonly code: 'no-sender-domain' | 'no-unsubscribe-address'

  constructor(code: HeaderError['code'], message: string) {
    super(`cannot-compose: ${code}`, message)
    this.code = code
  }
}

/** The only fields that can be added to a mail; recipients are not among them. */
type MailHeaderName = 'List-Unsubscribe' | 'List-Unsubscribe-Post' | 'Auto-Submitted' | 'X-Assent-Test'

/** One header field. */
export type MailHeader = { readonly name: MailHeaderName; readonly value: string }

/** Bytes of the SHA-256 kept in a Message-ID: 160 bits, so that no two deliveries ever share one. */
const MESSAGE_ID_BYTES = 20

/**
 * The header fields of a mail.
 *
 * - Commercial mail (any kind not known to be transactional) carries `List-Unsubscribe` (RFC 2369) and
 *   `List-Unsubscribe-Post: List-Unsubscribe=One-Click` (RFC 8058) with the delivery's unsubscribe address.
 * - Every mail carries `Auto-Submitted: auto-generated` (RFC 3834 §5). It silences vacation responders, whose answers could otherwise
 *   be mistaken for a contact's reply.
 *
 * @throws HeaderError when a commercial mail has no http(s) unsubscribe address
 */
export function mailHeaders(purposeKind: string, unsubscribeUrl: string | null): readonly MailHeader[] {
  const automatic: MailHeader = { name: 'Auto-Submitted', value: 'auto-generated' }
  return purposeKind === 'transactional' ? [automatic] : [...unsubscribeHeaders(unsubscribeUrl), automatic]
}

/** The header fields of a test mail: a mark, but no `List-Unsubscribe`, because it is not sent under anyone's consent. */
export function testMailHeaders(id: string): readonly MailHeader[] {
  return [
    { name: 'X-Assent-Test', value: id },
    { name: 'Auto-Submitted', value: 'auto-generated' },
  ]
}

/**
 * The Message-ID (RFC 5322 §3.6.4), angle brackets included. It is derived from the delivery's id and the sender's domain only, so every
 * attempt has the same one. It does not reveal the id.
 *
 * @param id of the delivery or the test mail
 * @param senderAddress the sender's e-mail address; its domain follows the @
 * @throws HeaderError when the sender's address has no domain
 */
export function messageIdOf(id: string, senderAddress: string): string {
  const domain = senderAddress.slice(senderAddress.lastIndexOf('@') + 1).toLowerCase()
  if (!senderAddress.includes('@') || !/^[a-z0-9.-]+$/.test(domain)) {
    throw new HeaderError('no-sender-domain', 'the sender has no domain')
  }
  const digest = createHash('sha256').update(id, 'utf8').digest()
  return `<${digest.subarray(0, MESSAGE_ID_BYTES).toString('hex')}@${domain}>`
}

function unsubscribeHeaders(url: string | null): readonly MailHeader[] {
  if (url === null || !/^https?:\/\/[^\s<>,"\p{Cc}]+$/u.test(url)) {
    throw new HeaderError('no-unsubscribe-address', 'a commercial mail needs an unsubscribe address')
  }
  return [
    { name: 'List-Unsubscribe', value: `<${url}>` },
    { name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
  ]
}

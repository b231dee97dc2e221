/**
 * Builds the bytes of a mail (RFC 5322, MIME) and signs them with DKIM (RFC 6376) if the profile has a key. A mail has exactly one
 * recipient: there is no field for another, and an address that contains two is refused.
 */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import DKIM from 'nodemailer/lib/dkim'
import MailComposer from 'nodemailer/lib/mail-composer'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { MessageFault } from '../../domain/delivery/faults.ts'
import type { RenderedMessage } from '../../domain/messages/template.ts'
import type { Prepared } from '../channel.ts'
import { DkimKeyError } from './dkimKeys.ts'
import type { MailHeader } from './headers.ts'

/** Everything that goes into a mail. */
export type Composition = {
  readonly from: { readonly name: string; readonly email: string }
  /** The one recipient, normalised. */
  readonly to: string
  /** Where bounces go (RFC 5321 MAIL FROM). Default: the sender's address. */
  readonly returnPath?: string | undefined
  /** Subject, HTML and text as they are sent: links replaced, pixel added. */
  readonly message: RenderedMessage
  /** With its angle brackets. */
  readonly messageId: string
  readonly date: Date
  readonly headers: readonly MailHeader[]
  readonly dkim?: DkimKey | undefined
}

/** The key that signs a mail. */
export type DkimKey = {
  readonly domain: string
  readonly selector: string
  /** An RSA private key in PEM. */
  readonly privateKey: string
}

/** `bad-address`: sender or recipient. `bad-header`: one of our header fields. `unexpected`: the library that builds the bytes threw. */
export type ComposeErrorCode = 'bad-address' | 'bad-header' | 'unexpected'

/** The mail cannot be built from this message. The error's text contains no address. */
export class ComposeError extends MessageFault {
  override readonly name = 'ComposeError'
  readonly code: ComposeErrorCode

  constructor(code: ComposeErrorCode, message: string) {
    super(`cannot-compose: ${code}`, message)
    this.code = code
  }
}

/** A mail as it is sent, for exactly one recipient. */
export type Mail = Prepared & {
  /** Its Message-ID, with angle brackets. */
  readonly providerId: string
  /** The SMTP envelope (RFC 5321): the return path and the one recipient. */
  readonly envelope: { readonly from: string; readonly to: string }
  /** The complete message with its headers (RFC 5322), as sent over the connection. */
  readonly mime: Uint8Array
}

/** The signed header fields. They include those that RFC 8058 §4 requires, which nodemailer's default list lacks. */
const SIGNED_FIELDS = [
  'From',
  'To',
  'Subject',
  'Date',
  'Message-ID',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Auto-Submitted',
].join(':')

/**
 * Builds the mail of a composition. The same composition always gives the same bytes, signature included.
 *
 * @throws ComposeError
 * @throws DkimKeyError `cannot-sign`
 */
export async function composeMail(composition: Composition): Promise<Mail> {
  const { from, to, message } = composition
  const returnPath = composition.returnPath ?? from.email
  for (const address of [to, from.email, returnPath]) checkAddress(address)
  const composer = new MailComposer({
    from: { name: oneLine(from.name), address: from.email },
    to: { name: '', address: to },
    subject: oneLine(message.subject),
    text: message.text,
    ...(message.html === null ? {} : { html: message.html }),
    messageId: composition.messageId,
    date: composition.date,
    headers: composition.headers.map(preparedHeader),
    encoding: 'quoted-printable',
    newline: 'win',
    // No quoted-printable line can contain these two characters in a row.
    boundaryPrefix: '=_',
    baseBoundary: createHash('sha256').update(composition.messageId).digest('hex').slice(0, 32),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const unsigned = await composer
    .compile()
    .build()
    .catch((): never => {
      throw new ComposeError('unexpected', 'the mail cannot be put together')
    })
  const mime = composition.dkim ? await sign(unsigned, composition.dkim) : unsigned
  return { providerId: composition.messageId, envelope: { from: returnPath, to }, mime }
}

async function sign(mime: Buffer, key: DkimKey): Promise<Buffer> {
  const signer = new DKIM({
    domainName: key.domain,
    keySelector: key.selector,
    privateKey: key.privateKey,
    headerFieldNames: SIGNED_FIELDS,
  })
  const signed = await buffer(signer.sign(mime))
  // With a key it cannot use, nodemailer returns the mail unsigned and reports no error.
  if (!signed.subarray(0, 15).equals(Buffer.from('DKIM-Signature:'))) throw new DkimKeyError('cannot-sign')
  return signed
}

/** Refuses an address that normalisation would refuse. */
function checkAddress(address: string): void {
  if (!normaliseAddress('email', address).ok || /\s/.test(address)) {
    throw new ComposeError('bad-address', 'sender or recipient is not one plain e-mail address')
  }
}

/** The header is never folded, because some mail programs misread a folded List-Unsubscribe. */
function preparedHeader({ name, value }: MailHeader): {
  key: string
  value: { prepared: true; value: string }
} {
  if (!/^[\x20-\x7e]{1,900}$/.test(value))
    throw new ComposeError('bad-header', `${name} is not one line of ASCII`)
  return { key: name, value: { prepared: true, value } }
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

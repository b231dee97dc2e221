/** Reads a server's SMTP reply, and masks the addresses in its text before it is stored. */

/** The provider's answer to an e-mail, as the API shows it. */
export type SmtpReply = {
  /** Reply code (RFC 5321 §4.2), such as 250 or 550; null if the server sent none. */
  readonly code: number | null
  /** Enhanced status code (RFC 3463), such as `5.1.1`; null if the server sent none. */
  readonly enhanced: string | null
  /** The server's text, addresses masked, cut to 500 characters. */
  readonly text: string
}

const MAX_TEXT = 500

/**
 * Parses a reply of one or more lines (RFC 5321 §4.2), with its enhanced status code (RFC 3463) if there is one.
 *
 * @param recipient the recipient's address: the text is masked wherever it contains the address or its local part
 */
export function readReply(reply: string, recipient: string): SmtpReply {
  const lines = reply.split(/\r?\n/).filter((line) => line.trim() !== '')
  const first = /^(\d{3})(?:[ -]+(\d\.\d{1,3}\.\d{1,3})(?=\s|$))?/.exec(lines[0] ?? '')
  const words = lines.map((line) =>
    line.replace(/^\d{3}(?:[ -]+|$)(?:\d\.\d{1,3}\.\d{1,3}(?:\s+|$))?/, '').trim(),
  )
  return {
    code: first?.[1] === undefined ? null : Number(first[1]),
    enhanced: first?.[2] ?? null,
    text: maskText(words.join(' '), recipient),
  }
}

/** Masks everything that looks like an address, and the recipient's local part, which servers often quote alone. */
function maskText(text: string, recipient: string): string {
  const local = recipient.slice(0, recipient.lastIndexOf('@'))
  const alone = new RegExp(`(?<![\\p{L}\\p{N}])${literally(local)}(?![\\p{L}\\p{N}])`, 'giu')
  const masked = text
    .replace(/\p{Cc}+/gu, ' ')
    // Word by word: searching for the @ from each character takes quadratic time for a long word.
    .replace(/[^\s<>()[\]"',;:]+/g, (word) => (isAddress(word) ? '***' : word))
  return (local === '' ? masked : masked.replace(alone, '***')).slice(0, MAX_TEXT)
}

function isAddress(word: string): boolean {
  const at = word.indexOf('@', 1)
  return at > 0 && at < word.length - 1
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** Reads a server's SMTP reply, and takes addresses out of its words before anyone stores them. */
import type { ProviderAnswer } from '../channel.ts'

const MAX_TEXT = 500

/**
 * The answer in a reply of one or more lines (RFC 5321 §4.2), with its enhanced status code (RFC 3463) where the
 * server gives one.
 *
 * @param recipient the address written to: masked in the text, its local part alone included
 */
export function readReply(reply: string, recipient: string): ProviderAnswer {
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

/** Whatever looks like an address is masked; so is the recipient's local part, which servers like to quote alone. */
function maskText(text: string, recipient: string): string {
  const local = recipient.slice(0, recipient.lastIndexOf('@'))
  const alone = new RegExp(`(?<![\\p{L}\\p{N}])${literally(local)}(?![\\p{L}\\p{N}])`, 'giu')
  const masked = text
    .replace(/\p{Cc}+/gu, ' ')
    // Word by word: looking for the @ from each character on takes the square of a long word.
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

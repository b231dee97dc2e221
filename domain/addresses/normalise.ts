/**
 * One form per address: two texts that reach the same mailbox or phone become equal, so that an upper-case letter
 * cannot bypass consent or suppression. Normalising a normal form changes nothing.
 */
import { domainToASCII } from 'node:url'
import { parsePhoneNumberFromString } from 'libphonenumber-js'

/** The normal form of an address, or a sentence for the caller about what is wrong (it never repeats the address). */
export type NormalisedAddress =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly message: string }

/** Octets: RFC 5321 §4.5.3.1.1 (local part), §4.5.3.1.2 (domain), and a path of 256 with its angle brackets. */
const MAX_LOCAL = 64
const MAX_DOMAIN = 253
const MAX_EMAIL = 254
/** Characters of an address on a custom channel. */
const MAX_CUSTOM = 1024

/** RFC 5322 atext, and letters, marks and digits of other scripts (RFC 6532); no quoted strings, no comments. */
const LOCAL_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{M}\p{N}-]+$/u
/** Checked before IDNA, which would otherwise decode percent signs and the like. */
const DOMAIN_INPUT = /^[\p{L}\p{M}\p{N}.\u3002\uff0e\uff61-]+$/u
/**
 * The most common kind, which IDNA leaves unchanged: no punycode to check, and no number at the end that could be an IP
 * address.
 */
const PLAIN_DOMAIN = /^(?!.*(?:^|\.)xn--)[A-Za-z0-9.-]+\.[A-Za-z]{2,}$/i
const DOMAIN_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
const PHONE_INPUT = /^\+[0-9 ().\u00a0/-]{4,40}$/

/**
 * Normalises an address for its channel: `email` (trimmed, NFC, lower case, the domain in IDNA's ASCII form), `sms`
 * (E.164), any other channel (trimmed, NFC). Local parts are folded to lower case although RFC 5321 §2.4 allows a server to
 * distinguish them: no relevant server does, and an opt-out must not depend on a shift key.
 */
export function normaliseAddress(channel: string, address: string): NormalisedAddress {
  if (/\p{Cc}/u.test(address)) return refused('The address must not contain control characters.')
  switch (channel) {
    case 'email':
      return normaliseEmail(address)
    case 'sms':
      return normalisePhone(address)
    default:
      return normaliseCustom(address)
  }
}

function normaliseEmail(text: string): NormalisedAddress {
  const parts = text.trim().normalize('NFC').split('@')
  const [rawLocal, rawDomain] = parts
  if (parts.length !== 2 || !rawLocal || !rawDomain) {
    return refused('Must be an e-mail address: one "@" between a local part and a domain.')
  }
  const local = rawLocal.toLowerCase().normalize('NFC')
  if (!local.split('.').every((atom) => LOCAL_ATOM.test(atom))) {
    return refused('The part before "@" has a character or a dot where none is allowed.')
  }
  if (octets(local) > MAX_LOCAL) return refused(`The part before "@" must have at most ${MAX_LOCAL} bytes.`)
  const domain = PLAIN_DOMAIN.test(rawDomain) ? rawDomain.toLowerCase() : asciiDomain(rawDomain)
  const labels = domain.split('.')
  if (labels.length < 2 || domain.length > MAX_DOMAIN || !labels.every((l) => DOMAIN_LABEL.test(l))) {
    return refused('The part after "@" is not a valid domain.')
  }
  // A number as the last label is an IPv4 address, which IDNA processing recognises in many disguises.
  if (/^[0-9]+$/.test(labels.at(-1) ?? ''))
    return refused('The part after "@" must be a domain, not an IP address.')
  const address = `${local}@${domain}`
  return octets(address) > MAX_EMAIL
    ? refused(`The address must have at most ${MAX_EMAIL} bytes.`)
    : { ok: true, address }
}

function asciiDomain(text: string): string {
  return DOMAIN_INPUT.test(text) ? domainToASCII(text) : ''
}

/** "Possible", not "valid": tables of assigned number ranges age, and refusing a new range would lose an opt-out. */
function normalisePhone(text: string): NormalisedAddress {
  const trimmed = text.trim()
  const number = PHONE_INPUT.test(trimmed)
    ? parsePhoneNumberFromString(trimmed, { extract: false })
    : undefined
  return number?.isPossible()
    ? { ok: true, address: number.number }
    : refused('Must be a phone number in international form, such as +49 30 901820.')
}

function normaliseCustom(text: string): NormalisedAddress {
  const address = text.trim().normalize('NFC')
  if (address === '') return refused('The address must not be empty.')
  return address.length > MAX_CUSTOM
    ? refused(`The address must have at most ${MAX_CUSTOM} characters.`)
    : { ok: true, address }
}

/**
 * An address masked so that a person recognises it but cannot learn it: the first letter of an e-mail address's local part
 * and of its domain with the last label, the last two digits of a phone number, else the first character.
 */
export function maskAddress(channel: string, address: string): string {
  switch (channel) {
    case 'email': {
      const at = address.lastIndexOf('@')
      const domain = address.slice(at + 1)
      const top = domain.lastIndexOf('.')
      return at < 1 ? '***' : `${first(address)}***@${first(domain)}***${top > 0 ? domain.slice(top) : ''}`
    }
    case 'sms':
      return `***${address.length > 6 ? address.slice(-2) : ''}`
    default:
      return `${address.length > 3 ? first(address) : ''}***`
  }
}

/** The first whole character, not half of a surrogate pair. */
function first(text: string): string {
  return [...text][0] ?? ''
}

function octets(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

function refused(message: string): NormalisedAddress {
  return { ok: false, message }
}

/**
 * Unforgeable handles for the permanent links of a mail, and tokens for double opt-in.
 *
 * Each delivery has one random handle of 256 bits, contained in its unsubscribe and preference URLs. The pixel and each
 * click link carry a token derived from it. The token opens nothing else: URLs of images and links pass through
 * proxies, scanners and logs, and must not give control over a person's consent.
 *
 *     handle ── HMAC "open" ──▶ open token ── SHA-256 ──▶ stored with the delivery
 *       └────── HMAC "link:n" ─▶ link token ── SHA-256 ──▶ stored with the link
 *
 * No arrow can be reversed, so a forwarded pixel or link is no unsubscribe link, and a reader of the database cannot
 * construct any of the three. A handle or token with one bit changed is not found.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'

/** Random bytes of a handle and of a double-opt-in token: 256 bits. */
const HANDLE_BYTES = 32
/** Bytes of a link token: 160 bits, well above the 128 that make guessing hopeless, and short in a text mail. */
const LINK_TOKEN_BYTES = 20

/** A new handle for one delivery, base64url without padding (43 characters). Never store it: store `hashHandle`. */
export function newHandle(): string {
  return randomBytes(HANDLE_BYTES).toString('base64url')
}

/** A new single-use token for one double-opt-in request, 256 random bits in the same form as a handle. */
export function newToken(): string {
  return randomBytes(HANDLE_BYTES).toString('base64url')
}

/**
 * The value stored in place of an open token, a link token or a double-opt-in token: the SHA-256 of its text, 64 lower-case
 * hex digits. The secrets are random and long, so neither salt nor a slow hash would add anything.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex')
}

/** The value stored in place of a handle: the hash of its open token, so that one index finds a delivery by either. */
export function hashHandle(handle: string): string {
  return hashToken(openToken(handle))
}

/** The token of the open pixel: HMAC-SHA-256 (RFC 2104) of `open` under the handle, base64url (43 characters). */
export function openToken(handle: string): string {
  return createHmac('sha256', handle).update('open').digest('base64url')
}

/**
 * The token of the click link at `position` (1, 2 … in the mail): HMAC-SHA-256 (RFC 2104) of the position under the
 * handle, cut to 160 bits, base64url (27 characters). One link's token reveals nothing about another's, nor about the
 * handle, so a forwarded link cannot be turned into an unsubscribe link.
 *
 * @throws RangeError when the position is not a positive integer
 */
export function linkToken(handle: string, position: number): string {
  if (!Number.isSafeInteger(position) || position < 1) {
    throw new RangeError('a link position is a positive integer')
  }
  return createHmac('sha256', handle)
    .update(`link:${position}`)
    .digest()
    .subarray(0, LINK_TOKEN_BYTES)
    .toString('base64url')
}

/**
 * The handle, open token or double-opt-in token in `text`, or null if it is none. Only the canonical encoding is
 * accepted (RFC 4648 §5, no padding, unused bits zero): two different texts never name the same handle.
 */
export function parseHandle(text: string): string | null {
  return parseCanonical(text, HANDLE_BYTES)
}

/** The click-link token in `text`, or null if it is none; as strict as `parseHandle`. */
export function parseLinkToken(text: string): string | null {
  return parseCanonical(text, LINK_TOKEN_BYTES)
}

function parseCanonical(text: string, bytes: number): string | null {
  if (text.length !== Math.ceil((bytes * 4) / 3) || !/^[A-Za-z0-9_-]+$/.test(text)) return null
  return Buffer.from(text, 'base64url').toString('base64url') === text ? text : null
}

/**
 * The key of one contact point, under which its evidence is sealed. Only its wrapped form is stored: AES-256-GCM under
 * a key of ASSENT_DATA_KEYS, bound to the contact point, so that a wrapped key moved to another row does not open.
 * Destroying the wrapped key erases the evidence; the chain still verifies.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { DataKeyring, KeyringKey } from './keyring.ts'

export type DataKey = {
  /** Derived from the key (16 characters, base64url): distinguishes keys and reveals nothing about them. */
  readonly id: string
  readonly key: KeyObject
}

/** A data key as it is stored. */
export type WrappedKey = {
  /** Which key of the keyring wraps it. */
  wrappedBy: string
  /** Nonce (12 bytes), ciphertext (32), tag (16). */
  wrapped: Uint8Array
}

/** The keyring cannot unwrap a contact point's key: an operator must correct the keyring; no evidence is lost yet. */
export class WrappedKeyError extends Error {
  readonly code: 'unknown-wrapping-key' | 'cannot-unwrap'

  constructor(code: WrappedKeyError['code'], message: string) {
    super(message)
    this.name = 'WrappedKeyError'
    this.code = code
  }
}

const nonceLength = 12
const keyLength = 32
const tagLength = 16

/** A fresh random key. */
export function newDataKey(): DataKey {
  return dataKeyOf(randomBytes(keyLength))
}

/** The data key made of these 32 bytes. */
export function dataKeyOf(bytes: Uint8Array): DataKey {
  const key = createSecretKey(bytes)
  const id = createHmac('sha256', key)
    .update('assent data key id')
    .digest()
    .subarray(0, 12)
    .toString('base64url')
  return { id, key }
}

/** Wraps a contact point's key under the newest key of the ring. */
export function wrapDataKey(keyring: DataKeyring, contactPoint: string, dataKey: DataKey): WrappedKey {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', keyring.newest.key, nonce, { authTagLength: tagLength })
  cipher.setAAD(boundTo(contactPoint))
  const ciphertext = Buffer.concat([cipher.update(dataKey.key.export()), cipher.final()])
  return {
    wrappedBy: keyring.newest.id,
    wrapped: new Uint8Array(Buffer.concat([nonce, ciphertext, cipher.getAuthTag()])),
  }
}

/** @throws WrappedKeyError when the ring lacks the key, or the bytes were wrapped for another contact point or changed */
export function unwrapDataKey(keyring: DataKeyring, contactPoint: string, stored: WrappedKey): DataKey {
  const by = keyring.keys.find(({ id }) => id === stored.wrappedBy)
  if (by === undefined) {
    throw new WrappedKeyError('unknown-wrapping-key', `no key "${stored.wrappedBy}" in the data keys`)
  }
  return dataKeyOf(unwrap(by, contactPoint, stored.wrapped))
}

/** The same data key under the newest key of the ring; null if it already is. */
export function rewrapDataKey(
  keyring: DataKeyring,
  contactPoint: string,
  stored: WrappedKey,
): WrappedKey | null {
  if (stored.wrappedBy === keyring.newest.id) return null
  return wrapDataKey(keyring, contactPoint, unwrapDataKey(keyring, contactPoint, stored))
}

function unwrap(by: KeyringKey, contactPoint: string, wrapped: Uint8Array): Buffer {
  const failed = new WrappedKeyError(
    'cannot-unwrap',
    `the key of contact point ${contactPoint} does not unwrap`,
  )
  if (wrapped.length !== nonceLength + keyLength + tagLength) throw failed
  const nonce = wrapped.subarray(0, nonceLength)
  const decipher = createDecipheriv('aes-256-gcm', by.key, nonce, { authTagLength: tagLength })
  decipher.setAAD(boundTo(contactPoint))
  decipher.setAuthTag(wrapped.subarray(nonceLength + keyLength))
  try {
    return Buffer.concat([
      decipher.update(wrapped.subarray(nonceLength, nonceLength + keyLength)),
      decipher.final(),
    ])
  } catch {
    throw failed
  }
}

function boundTo(contactPoint: string): Buffer {
  return Buffer.from(`assent data key\n${contactPoint}`, 'utf8')
}

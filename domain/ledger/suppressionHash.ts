/**
 * The keyed hash of a suppressed address: what is left of it after erasure, so that it stays suppressed. HMAC-SHA-256
 * over the channel, a line feed and the normalised address. Written under the newest key, looked up under all.
 */
import { createHmac } from 'node:crypto'
import type { KeyringKey, SuppressionKeyring } from './keyring.ts'

export type SuppressionHash = {
  /** Which key of ASSENT_SUPPRESSION_KEYS. */
  keyId: string
  /** 32 bytes. */
  hash: Uint8Array
}

/** The hash to write. `address` is in the normal form of its channel. */
export function suppressionHash(
  keyring: SuppressionKeyring,
  channel: string,
  address: string,
): SuppressionHash {
  return hashUnder(keyring.newest, channel, address)
}

/** The hashes to look for, newest key first: an address suppressed under an older key is still suppressed. */
export function suppressionHashes(
  keyring: SuppressionKeyring,
  channel: string,
  address: string,
): SuppressionHash[] {
  return keyring.keys.map((key) => hashUnder(key, channel, address))
}

function hashUnder({ id, key }: KeyringKey, channel: string, address: string): SuppressionHash {
  // A line feed in the channel would let two pairs of channel and address share a hash.
  if (channel.includes('\n')) throw new RangeError('a channel key holds no line feed')
  const hash = createHmac('sha256', key).update(`${channel}\n${address}`, 'utf8').digest()
  return { keyId: id, hash: new Uint8Array(hash) }
}

/**
 * The chain of one contact point: each link's hash is the SHA-256 of the hash before it followed by the event's bytes.
 * The first link follows 32 zero bytes. The contact point holds the head: the last sequence and the last hash.
 */
import { createHash } from 'node:crypto'
import { encodeEvent, LedgerFormatError } from './encode.ts'
import type { LedgerEvent } from './event.ts'

/** The hash before the first link. */
export const genesisHash: Uint8Array = new Uint8Array(32)

/** Where a chain ends. `seq` 0 with the genesis hash is the empty chain. */
export type ChainHead = { seq: number; hash: Uint8Array }

/** One link as it is stored beside the event's projections. */
export type ChainLink = { seq: number; bytes: Uint8Array; previousHash: Uint8Array; hash: Uint8Array }

/** SHA-256 of bytes, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** SHA-256(previous ‖ bytes), 32 bytes. */
export function linkHash(previousHash: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(previousHash).update(bytes).digest())
}

/**
 * The next link. The caller holds the contact point's lock, stores the link and makes `{ seq, hash }` the new head.
 * @throws LedgerFormatError when the event breaks its schema or does not follow the head
 */
export function nextLink(head: ChainHead, event: LedgerEvent): ChainLink {
  if (event.seq !== head.seq + 1) throw new LedgerFormatError(`seq: ${event.seq} does not follow ${head.seq}`)
  const bytes = encodeEvent(event)
  return { seq: event.seq, bytes, previousHash: head.hash, hash: linkHash(head.hash, bytes) }
}

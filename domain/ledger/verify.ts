/**
 * Verifies one contact point's chain as a stream: each row is read once, in order of sequence, and only the last hash
 * is kept. It finds a changed byte, a changed column, a dropped, added or moved link, a truncated tail (by the head),
 * and a changed wording of a notice. The first break is reported with its place; later breaks are only counted, since
 * nothing after a break proves anything.
 */
import { createHash } from 'node:crypto'
import { type ChainHead, type ChainLink, genesisHash, linkHash } from './chain.ts'
import { decodeEvent, LedgerFormatError, sameBytes } from './encode.ts'
import type { LedgerEvent } from './event.ts'
import { agrees, type StoredProjection } from './project.ts'

/** A row of the ledger: the link and the projections beside it. */
export type ChainRow = ChainLink & StoredProjection

export type ChainProblem =
  /** The stored hash is not that of the stored previous hash and bytes. */
  | 'hash-mismatch'
  /** The link does not follow the one before it. */
  | 'previous-mismatch'
  /** A link is missing, doubled or out of order. */
  | 'sequence-gap'
  /** The hash holds, but the bytes are not a ledger event in its one form. */
  | 'bytes-unreadable'
  /** A column differs from the bytes. */
  | 'projection-differs'
  /** The chain does not end at the contact point's head: a tail was cut off or added. */
  | 'head-differs'
  /** The notice's wording is missing, or not the one that was hashed. */
  | 'notice-differs'

export type ChainBreak = {
  /** The first sequence that is not proven; with a gap, the missing one. */
  seq: number
  /** Id in the row that was found there, if any. */
  event: string | null
  problem: ChainProblem
}

export type ChainReport = { events: number; firstBreak: ChainBreak | null }

/** Whether the wording stored under a hash (lower-case hex) has that hash. */
export type NoticeCheck = (hash: string) => boolean

/** Checks each notice once against the wording stored under its hash. Create one for a whole verification. */
export function noticeCheck(wordingOf: (hash: string) => string | undefined): NoticeCheck {
  const checked = new Map<string, boolean>()
  return (hash) => {
    const known = checked.get(hash)
    if (known !== undefined) return known
    const wording = wordingOf(hash)
    const good = wording !== undefined && noticeHash(wording) === hash
    checked.set(hash, good)
    return good
  }
}

/** SHA-256 of the exact wording in UTF-8, lower-case hex. */
export function noticeHash(wording: string): string {
  return createHash('sha256').update(wording, 'utf8').digest('hex')
}

/** One chain under verification: `take` its rows in order of sequence, then `finish` with the head. */
export class ChainVerification {
  readonly #notices: NoticeCheck | null
  #events = 0
  #last: { seq: number; hash: Uint8Array; event: string | null } = { seq: 0, hash: genesisHash, event: null }
  #contactPoint: string | null = null
  #firstBreak: ChainBreak | null = null

  /** @param notices if left out, the wording of notices is not checked */
  constructor(notices: NoticeCheck | null = null) {
    this.#notices = notices
  }

  take(row: ChainRow): void {
    this.#events += 1
    if (this.#firstBreak !== null) return
    const problem = this.#problemOf(row)
    if (problem !== null) {
      const seq = problem === 'sequence-gap' ? this.#last.seq + 1 : row.seq
      this.#firstBreak = { seq, event: row.id, problem }
    }
    this.#last = { seq: row.seq, hash: row.hash, event: row.id }
  }

  finish(head: ChainHead): ChainReport {
    const last = this.#last
    if (this.#firstBreak === null && (head.seq !== last.seq || !sameBytes(head.hash, last.hash))) {
      const same = head.seq === last.seq
      const seq = same ? last.seq : Math.min(head.seq, last.seq) + 1
      this.#firstBreak = { seq, event: same ? last.event : null, problem: 'head-differs' }
    }
    return { events: this.#events, firstBreak: this.#firstBreak }
  }

  #problemOf(row: ChainRow): ChainProblem | null {
    if (row.seq !== this.#last.seq + 1) return 'sequence-gap'
    if (!sameBytes(row.hash, linkHash(row.previousHash, row.bytes))) return 'hash-mismatch'
    if (!sameBytes(row.previousHash, this.#last.hash)) return 'previous-mismatch'
    const event = read(row.bytes)
    if (event === null) return 'bytes-unreadable'
    this.#contactPoint ??= event.contactPoint
    if (event.contactPoint !== this.#contactPoint || !agrees(row, event)) return 'projection-differs'
    if (event.notice !== null && this.#notices !== null && !this.#notices(event.notice.hash))
      return 'notice-differs'
    return null
  }
}

/** Verifies a chain from an array or a generator of rows. */
export function verifyChain(
  rows: Iterable<ChainRow>,
  head: ChainHead,
  notices: NoticeCheck | null = null,
): ChainReport {
  const verification = new ChainVerification(notices)
  for (const row of rows) verification.take(row)
  return verification.finish(head)
}

function read(bytes: Uint8Array): LedgerEvent | null {
  try {
    return decodeEvent(bytes)
  } catch (error) {
    if (error instanceof LedgerFormatError) return null
    throw error
  }
}

/**
 * The events of one contact point's chain as evidence: every clear field from the hashed bytes, what was sealed, the
 * wording.
 */

import type { Db } from '../db/connect.ts'
import { chainPages, wordingsOf } from '../db/reads/chainRows.ts'
import { decodeEvent, LedgerFormatError } from '../domain/ledger/encode.ts'
import type { LedgerEvent } from '../domain/ledger/event.ts'
import { type ChainReport, type ChainRow, ChainVerification, noticeCheck } from '../domain/ledger/verify.ts'
import type { OpenedEvidence, Opener } from './opening.ts'

/** The event from the bytes; if they are not an event, the values of the columns, and null for the rest. */
type Clear = {
  [Field in Exclude<keyof LedgerEvent, 'sealed' | 'contactPoint' | 'kind' | 'state'>]:
    | LedgerEvent[Field]
    | null
}

export type EvidenceEvent = Clear & {
  kind: string
  state: string | null
  /** False: the stored bytes are no ledger event; verification says so too. */
  readable: boolean
  /** Exact wording the person saw, where a notice is named. */
  wording: string | null
  evidence: OpenedEvidence
  /** Lower-case hex. */
  hash: string
  previousHash: string
  /** The exact bytes that were hashed, as text; `base64:` before them where they are no UTF-8. */
  bytes: string
}

/** @param head as the contact point's row has it */
export async function readEvidenceEvents(
  tx: Db,
  contactPoint: { id: string; headSeq: number; headHash: Uint8Array },
  open: Opener,
): Promise<{ events: EvidenceEvent[]; verification: ChainReport }> {
  const events: EvidenceEvent[] = []
  const wordings = new Map<string, string>()
  const chain = new ChainVerification(noticeCheck((hash) => wordings.get(hash)))
  for await (const rows of chainPages(tx, [contactPoint.id])) {
    for (const [hash, wording] of await wordingsOf(tx, rows)) wordings.set(hash, wording)
    for (const row of rows) {
      chain.take(row)
      events.push(evidenceOf(row, wordings, open))
    }
  }
  return { events, verification: chain.finish({ seq: contactPoint.headSeq, hash: contactPoint.headHash }) }
}

function evidenceOf(row: ChainRow, wordings: ReadonlyMap<string, string>, open: Opener): EvidenceEvent {
  const event = decoded(row.bytes)
  const stored = {
    hash: hex(row.hash),
    previousHash: hex(row.previousHash),
    bytes: textOf(row.bytes),
    wording: row.noticeHash === null ? null : (wordings.get(hex(row.noticeHash)) ?? null),
  }
  if (event !== null) {
    const { sealed, contactPoint, ...clear } = event
    return { ...clear, readable: true, evidence: open(event.id, sealed), ...stored }
  }
  const { id, seq, kind, purpose, topic, state, occurredAt, recordedAt, expiresAt } = row
  return {
    ...unknown,
    ...{ id, seq, kind, purpose, topic, state, occurredAt, recordedAt, expiresAt },
    readable: false,
    evidence: 'unreadable',
    ...stored,
  }
}

const unknown = {
  schemaVersion: null,
  source: null,
  lawfulBasis: null,
  notice: null,
  defaultState: null,
  formVersion: null,
  controller: null,
  jurisdiction: null,
  retention: null,
  related: null,
  flags: null,
} satisfies Partial<Clear>

function decoded(bytes: Uint8Array): LedgerEvent | null {
  try {
    return decodeEvent(bytes)
  } catch (error) {
    if (error instanceof LedgerFormatError) return null
    throw error
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return `base64:${Buffer.from(bytes).toString('base64')}`
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

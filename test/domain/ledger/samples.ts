/** Ledger events and chains for tests: fixed, so that their bytes can be written down. */
import { type ChainHead, genesisHash, nextLink } from '../../../domain/ledger/chain.ts'
import { dataKeyOf } from '../../../domain/ledger/dataKey.ts'
import type { LedgerEvent } from '../../../domain/ledger/event.ts'
import { projectEvent } from '../../../domain/ledger/project.ts'
import { seal } from '../../../domain/ledger/seal.ts'
import { type ChainRow, noticeHash } from '../../../domain/ledger/verify.ts'

export const contactPoint = '019341f0-7c00-7000-8000-0000000000aa'
export const wording = 'Yes, write me about events. I can withdraw at any time. \u00e4\u20ac\u{1f642}'
export const dataKey = dataKeyOf(Uint8Array.from({ length: 32 }, (_, place) => place))
const nonce = Uint8Array.from({ length: 12 }, (_, place) => 0xa0 + place)

/** An event with no more than it must have. */
export function leastEvent(seq: number, more: Partial<LedgerEvent> = {}): LedgerEvent {
  return {
    schemaVersion: 1,
    id: `019341f0-7c00-7000-8000-${String(seq).padStart(12, '0')}`,
    contactPoint,
    seq,
    kind: 'consent',
    purpose: 'marketing',
    topic: null,
    state: 'opted-out',
    occurredAt: '2026-11-23T08:15:30.123Z',
    recordedAt: '2026-11-23T08:15:30.123Z',
    source: { kind: 'one-click', via: null },
    lawfulBasis: null,
    notice: null,
    defaultState: null,
    formVersion: null,
    controller: null,
    jurisdiction: null,
    retention: null,
    expiresAt: null,
    related: nothingRelated,
    flags: [],
    sealed: null,
    ...more,
  }
}

export const nothingRelated: LedgerEvent['related'] = {
  doubleOptIn: null,
  message: null,
  messageVersion: null,
  delivery: null,
  import: null,
  row: null,
  retracts: null,
  copyOf: null,
}

/** An event that has every field. */
export function fullEvent(seq: number): LedgerEvent {
  const event = leastEvent(seq)
  return {
    ...event,
    topic: 'events',
    state: 'opted-in',
    occurredAt: '2026-11-23T08:15:29.000Z',
    source: { kind: 'staff', via: 'branch' },
    lawfulBasis: 'consent',
    notice: { hash: noticeHash(wording), id: 'sign-up', version: '3', language: 'en' },
    defaultState: 'unticked',
    formVersion: 'sign-up/7',
    controller: 'Example Ltd',
    jurisdiction: 'AT',
    retention: 'P3Y',
    expiresAt: '2028-11-23T08:15:29.000Z',
    related: {
      doubleOptIn: '019341f0-7c00-7000-8000-00000000d001',
      message: 'confirm-sign-up',
      messageVersion: 2,
      delivery: '019341f0-7c00-7000-8000-00000000de11',
      import: '019341f0-7c00-7000-8000-000000001a00',
      row: 12,
      retracts: null,
      copyOf: '019341f0-7c00-7000-8000-00000000c0b1',
    },
    flags: ['no-circumstances', 'no-date'],
    sealed: seal(dataKey, { contactPoint, event: event.id }, evidence, nonce),
  }
}

export const evidence = {
  circumstances: 'Signed the card at the counter',
  reference: 'card 17',
  pageUrl: 'https://www.example.com/sign-up',
  actor: { kind: 'user' as const, id: 'user-4', onBehalfOf: 'branch office' },
  ip: '192.0.2.7',
  userAgent: 'Example/1.0',
  evidence: { ticked: true, campaign: null, note: '\u00e4\u20ac' },
}

/** A chain of these events, as its rows and its head. */
export function chainOf(events: readonly LedgerEvent[]): { rows: ChainRow[]; head: ChainHead } {
  let head: ChainHead = { seq: 0, hash: genesisHash }
  const rows: ChainRow[] = []
  for (const event of events) {
    const link = nextLink(head, event)
    rows.push({ ...link, ...projectEvent(event) })
    head = { seq: link.seq, hash: link.hash }
  }
  return { rows, head }
}

/** Five events of different kinds, the second with a notice, the fourth taking back the third. */
export function sampleChain() {
  const third = leastEvent(3, { purpose: '*' })
  return chainOf([
    leastEvent(1, {
      kind: 'pending',
      state: null,
      related: { ...nothingRelated, doubleOptIn: '019341f0-7c00-7000-8000-00000000d001' },
    }),
    fullEvent(2),
    third,
    leastEvent(4, {
      kind: 'retraction',
      purpose: '*',
      state: null,
      related: { ...nothingRelated, retracts: third.id },
    }),
    leastEvent(5, { recordedAt: '2026-11-24T00:00:00.000Z' }),
  ])
}

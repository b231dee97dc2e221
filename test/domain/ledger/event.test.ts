/** The ledger event: its bytes are written down here, so that the format cannot drift. */
import { describe, expect, it } from 'vitest'
import { fold } from '../../../domain/consent/fold.ts'
import { linkHash } from '../../../domain/ledger/chain.ts'
import { decodeEvent, encodeEvent, LedgerFormatError } from '../../../domain/ledger/encode.ts'
import type { LedgerEvent } from '../../../domain/ledger/event.ts'
import { foldEventOf, foldEventOfRow, projectEvent } from '../../../domain/ledger/project.ts'
import { dataKeyId, fullBytes, fullHash, leastBytes, leastHash } from './golden.ts'
import { chainOf, dataKey, fullEvent, leastEvent, nothingRelated, sampleChain } from './samples.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

describe('the stored form of an event', () => {
  it('is what it always was, byte for byte and hash for hash', () => {
    const [least, full] = chainOf([leastEvent(1), fullEvent(2)]).rows
    expect(new TextDecoder().decode(least?.bytes)).toBe(leastBytes)
    expect(new TextDecoder().decode(full?.bytes)).toBe(fullBytes)
    expect(hex(least?.hash)).toBe(leastHash)
    expect(hex(full?.hash)).toBe(fullHash)
    expect(hex(linkHash(Buffer.from(leastHash, 'hex'), bytesOf(fullBytes)))).toBe(fullHash)
    expect(hex(sampleChain().head.hash)).toBe(
      'cfd077b8f41bc37f0f26154d4e6cc5a079fc679087104d1d4c5013aa07eeb6a9',
    )
    expect(dataKey.id).toBe(dataKeyId)
  })

  it('reads back as the event it was written from', () => {
    for (const event of [leastEvent(1), fullEvent(2)]) expect(decodeEvent(encodeEvent(event))).toEqual(event)
    for (const { bytes } of sampleChain().rows) expect(encodeEvent(decodeEvent(bytes))).toEqual(bytes)
  })

  it.each([
    ['with a space', leastBytes.replace(':1,', ': 1,')],
    ['with members in another order', `{"flags":[],${leastBytes.slice(1).replace('"flags":[],', '')}`],
    ['with a null', leastBytes.replace(/}$/, ',"topic":null}')],
    ['with a member twice', leastBytes.replace('{"contactPoint"', '{"contactPoint":"x","contactPoint"')],
    ['with a member it does not know', leastBytes.replace('"state"', '"shopper":"x","state"')],
    ['with an escape that is not needed', leastBytes.replace('marketing', String.raw`m\u0061rketing`)],
    ['with a byte order mark', `\ufeff${leastBytes}`],
    ['of another schema version', leastBytes.replace('"schemaVersion":1', '"schemaVersion":2')],
    ['cut short', leastBytes.slice(0, -1)],
    ['of nothing', ''],
  ])('is refused %s', (_, text) => {
    expect(text).not.toBe(leastBytes)
    expect(() => decodeEvent(bytesOf(text))).toThrow(LedgerFormatError)
  })
})

describe('an event', () => {
  const refused: [string, Partial<LedgerEvent>][] = [
    ['opts in to everything', { purpose: '*', state: 'opted-in' }],
    ['opts out of a topic of everything', { purpose: '*', topic: 'events' }],
    ['states nothing', { state: null }],
    [
      'states something while a request starts',
      { kind: 'pending', related: { ...nothingRelated, doubleOptIn: fullEvent(1).id } },
    ],
    ['starts a request without naming it', { kind: 'pending', state: null }],
    ['ends a request without naming it', { kind: 'pending-ended', state: null }],
    ['takes back nothing', { kind: 'retraction', state: null }],
    ['takes back an event while stating one', { related: { ...nothingRelated, retracts: fullEvent(1).id } }],
    ['accepts terms without wording', { kind: 'terms', state: null }],
    ['has no place in the chain', { seq: 0 }],
    ['has an id that is no UUIDv7', { id: '019341f0-7c00-4000-8000-000000000001' }],
    ['has an id in capitals', { id: '019341F0-7C00-7000-8000-000000000001' }],
    ['has a time without milliseconds', { occurredAt: '2026-11-23T08:15:30Z' }],
    ['has a time in microseconds', { recordedAt: '2026-11-23T08:15:30.123456Z' }],
    ['has a time with an offset', { recordedAt: '2026-11-23T08:15:30.123+00:00' }],
    ['has a time that never was', { recordedAt: '2026-02-30T08:15:30.123Z' }],
    ['has flags out of order', { flags: ['no-notice', 'no-date'] }],
    ['has a flag twice', { flags: ['no-date', 'no-date'] }],
    ['has a control character in clear text', { controller: 'Example\u0000Ltd' }],
    ['has a lone surrogate in clear text', { controller: 'Example \ud83d' }],
    ['has a key outside ASCII', { topic: '\u00e9vents' }],
    ['has an empty text', { jurisdiction: '' }],
  ]

  it.each(refused)('is refused that %s', (_, more) => {
    expect(() => encodeEvent(leastEvent(1, more))).toThrow(LedgerFormatError)
  })

  it('may be an opt-out of everything, its retraction, a request, its end, or terms', () => {
    const related = { ...nothingRelated, doubleOptIn: fullEvent(1).id }
    const fine: Partial<LedgerEvent>[] = [
      { purpose: '*' },
      {
        purpose: '*',
        kind: 'retraction',
        state: null,
        related: { ...nothingRelated, retracts: fullEvent(1).id },
      },
      { kind: 'pending', state: null, related },
      { kind: 'pending-ended', state: null, related, source: { kind: 'double-opt-in', via: 'expired' } },
      { kind: 'terms', state: null, purpose: 'terms-of-sale', notice: fullEvent(1).notice },
    ]
    for (const more of fine)
      expect(decodeEvent(encodeEvent(leastEvent(1, more)))).toEqual(leastEvent(1, more))
  })

  it('says which field is wrong', () => {
    expect(() => encodeEvent(leastEvent(1, { occurredAt: 'today' }))).toThrow(/^occurredAt: RFC 3339/)
  })
})

describe('the projection of an event', () => {
  it('is what the fold reads and the columns hold', () => {
    const event = fullEvent(2)
    const projection = projectEvent(event)
    expect(projection).toMatchObject({
      contactPointId: event.contactPoint,
      doubleOptIn: event.related.doubleOptIn,
    })
    expect(hex(projection.noticeHash ?? undefined)).toBe(event.notice?.hash)
    expect(foldEventOfRow(projection)).toEqual(foldEventOf(event))
    expect(foldEventOf(event)).not.toHaveProperty('noticeHash')
    expect(fold([foldEventOf(event)]).entries).toEqual([
      {
        purpose: 'marketing',
        topic: 'events',
        newest: {
          state: 'opted-in',
          at: event.occurredAt,
          seq: 2,
          event: event.id,
          expiresAt: event.expiresAt,
        },
        newestOptOut: null,
        pending: [],
      },
    ])
  })

  it('is not read where a column holds what the ledger does not know', () => {
    expect(() => foldEventOfRow({ ...projectEvent(leastEvent(1)), kind: 'rumour' })).toThrow('no such kind')
    expect(() => foldEventOfRow({ ...projectEvent(leastEvent(1)), state: 'maybe' })).toThrow('no such state')
  })
})

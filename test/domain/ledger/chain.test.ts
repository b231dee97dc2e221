/** Verification finds whatever is done to a stored chain, at its place. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChainHead, genesisHash, linkHash, nextLink } from '../../../domain/ledger/chain.ts'
import { encodeEvent, LedgerFormatError } from '../../../domain/ledger/encode.ts'
import { projectEvent } from '../../../domain/ledger/project.ts'
import {
  type ChainProblem,
  type ChainRow,
  noticeCheck,
  noticeHash,
  verifyChain,
} from '../../../domain/ledger/verify.ts'
import { chainOf, contactPoint, fullEvent, leastEvent, sampleChain, wording } from './samples.ts'

const notices = noticeCheck((hash) => (hash === noticeHash(wording) ? wording : undefined))

/** Verifies the sample chain after something was done to a copy of it. */
function verifyAfter(
  change: (rows: ChainRow[], head: ChainHead) => ChainRow[] | undefined,
  checkNotices = notices,
) {
  const { rows, head } = sampleChain()
  const changed = change(rows, head) ?? rows
  return verifyChain(changed, head, checkNotices)
}
const found = (seq: number, problem: ChainProblem) => ({ firstBreak: { seq, problem } })

/** The row at a place from 1, which must be there. */
function rowAt(rows: readonly ChainRow[], seq: number): ChainRow {
  const row = rows[seq - 1]
  if (row === undefined) throw new Error(`no row ${seq}`)
  return row
}
const zeros = () => new Uint8Array(32)

describe('a chain as it was written', () => {
  it('verifies, also one row at a time from a generator, and when empty', () => {
    const { rows, head } = sampleChain()
    function* stream() {
      yield* rows
    }
    expect(verifyChain(stream(), head, notices)).toEqual({ events: 5, firstBreak: null })
    expect(verifyChain([], { seq: 0, hash: genesisHash })).toEqual({ events: 0, firstBreak: null })
  })

  it('verifies whatever text the database gives for a moment', () => {
    const report = verifyAfter((rows) =>
      rows.map((row) => ({ ...row, recordedAt: row.recordedAt.replace('T', ' ').replace('Z', '000+00') })),
    )
    expect(report).toEqual({ events: 5, firstBreak: null })
  })

  it('starts from 32 zero bytes', () => {
    const [first] = sampleChain().rows
    expect(first?.previousHash).toEqual(new Uint8Array(32))
  })

  it('takes only the event that comes next', () => {
    expect(() => nextLink({ seq: 1, hash: genesisHash }, leastEvent(1))).toThrow(LedgerFormatError)
    expect(() => nextLink({ seq: 1, hash: genesisHash }, leastEvent(3))).toThrow('seq: 3 does not follow 1')
  })
})

describe('verification finds', () => {
  it('each changed byte of each event, at its place', () => {
    const { rows } = sampleChain()
    for (const { seq, bytes, id } of rows) {
      for (let place = 0; place < bytes.length; place += 1) {
        const report = verifyAfter((copy) => {
          const changed = rowAt(copy, seq).bytes
          changed[place] = (changed[place] ?? 0) ^ 1
          return copy
        })
        expect(report.firstBreak).toEqual({ seq, event: id, problem: 'hash-mismatch' })
        expect(report.events).toBe(5)
      }
    }
  })

  it('a changed hash or previous hash', () => {
    for (const seq of [1, 2, 3, 4, 5]) {
      const changed = (column: 'hash' | 'previousHash') =>
        verifyAfter((rows) => {
          const [first = 0, ...rest] = rowAt(rows, seq)[column]
          rows[seq - 1] = { ...rowAt(rows, seq), [column]: Uint8Array.of(first ^ 128, ...rest) }
          return rows
        })
      expect(changed('hash')).toMatchObject(found(seq, 'hash-mismatch'))
      expect(changed('previousHash')).toMatchObject(found(seq, 'hash-mismatch'))
    }
  })

  it('each changed column of each event', () => {
    const others: Partial<ChainRow>[] = [
      { id: '019341f0-7c00-7000-8000-0000000000ff' },
      { contactPointId: '019341f0-7c00-7000-8000-0000000000bb' },
      { kind: 'terms' },
      { purpose: 'other' },
      { topic: 'other' },
      { state: 'none' },
      { occurredAt: '2026-11-23T08:15:30.124Z' },
      { occurredAt: 'never' },
      { recordedAt: '2020-01-01T00:00:00.000Z' },
      { expiresAt: '2099-01-01T00:00:00.000Z' },
      { doubleOptIn: '019341f0-7c00-7000-8000-0000000000ff' },
      { retracts: '019341f0-7c00-7000-8000-0000000000ff' },
      { noticeHash: zeros() },
    ]
    for (const seq of [1, 2, 3, 4, 5]) {
      for (const other of others) {
        const report = verifyAfter((rows) => rows.with(seq - 1, { ...rowAt(rows, seq), ...other }))
        expect(report).toMatchObject(found(seq, 'projection-differs'))
      }
    }
    const withoutNotice = verifyAfter((rows) =>
      rows.with(1, { ...rowAt(rows, 2), noticeHash: null, expiresAt: null }),
    )
    expect(withoutNotice).toMatchObject(found(2, 'projection-differs'))
  })

  it('each event that was dropped, the last by the head', () => {
    for (const seq of [1, 2, 3, 4]) {
      expect(verifyAfter((rows) => rows.toSpliced(seq - 1, 1))).toMatchObject(found(seq, 'sequence-gap'))
    }
    expect(verifyAfter((rows) => rows.slice(0, -1))).toEqual({
      events: 4,
      firstBreak: { seq: 5, event: null, problem: 'head-differs' },
    })
    expect(verifyAfter((rows) => rows.slice(0, 2))).toMatchObject(found(3, 'head-differs'))
    expect(verifyAfter(() => [])).toEqual({
      events: 0,
      firstBreak: { seq: 1, event: null, problem: 'head-differs' },
    })
  })

  it('events that changed places, also where their sequence was changed to fit', () => {
    for (const seq of [1, 2, 3, 4]) {
      const swapped = verifyAfter((rows) =>
        rows.with(seq - 1, rowAt(rows, seq + 1)).with(seq, rowAt(rows, seq)),
      )
      expect(swapped).toMatchObject(found(seq, 'sequence-gap'))
      const renumbered = verifyAfter((rows) =>
        rows.with(seq - 1, { ...rowAt(rows, seq + 1), seq }).with(seq, { ...rowAt(rows, seq), seq: seq + 1 }),
      )
      expect(renumbered).toMatchObject(found(seq, 'previous-mismatch'))
    }
  })

  it('an event that is there twice, or was added at the end', () => {
    expect(verifyAfter((rows) => rows.toSpliced(2, 0, rowAt(rows, 2)))).toMatchObject(
      found(3, 'sequence-gap'),
    )
    const added = verifyAfter((rows, head) => {
      const event = leastEvent(6)
      return [...rows, { ...nextLink(head, event), ...projectEvent(event) }]
    })
    expect(added).toMatchObject({ events: 6, ...found(6, 'head-differs') })
  })

  it('an event that was rewritten with its own hash, by the one that follows it or by the head', () => {
    for (const seq of [1, 2, 3, 4, 5]) {
      const report = verifyAfter((rows) => {
        const { previousHash } = rowAt(rows, seq)
        const forged = leastEvent(seq, { state: 'opted-in' })
        const bytes = encodeEvent(forged)
        return rows.with(seq - 1, {
          ...projectEvent(forged),
          seq,
          bytes,
          previousHash,
          hash: linkHash(previousHash, bytes),
        })
      })
      const place = seq === 5 ? found(5, 'head-differs') : found(seq + 1, 'previous-mismatch')
      expect(report).toMatchObject(place)
    }
  })

  it('a whole tail that was rewritten, by the head', () => {
    const { rows, head } = sampleChain()
    const forged = chainOf([1, 2, 3, 4, 5].map((seq) => leastEvent(seq, { state: 'opted-in' })))
    expect(verifyChain(forged.rows, head)).toMatchObject(found(5, 'head-differs'))
    expect(verifyChain(rows, { seq: 5, hash: zeros() })).toMatchObject(found(5, 'head-differs'))
    expect(verifyChain(rows, { seq: 6, hash: head.hash })).toMatchObject(found(6, 'head-differs'))
  })

  it('bytes that were hashed without being a ledger event', () => {
    const bytes = new TextEncoder().encode(JSON.stringify(leastEvent(1)))
    const hash = linkHash(genesisHash, bytes)
    const row = { ...projectEvent(leastEvent(1)), bytes, previousHash: genesisHash, hash }
    expect(verifyChain([row], { seq: 1, hash })).toMatchObject(found(1, 'bytes-unreadable'))
  })

  it('an event of another contact point that was chained in', () => {
    const other = '019341f0-7c00-7000-8000-0000000000bb'
    const { rows, head } = chainOf([leastEvent(1), leastEvent(2, { contactPoint: other }), leastEvent(3)])
    expect(rows.map((row) => row.contactPointId)).toEqual([contactPoint, other, contactPoint])
    expect(verifyChain(rows, head)).toMatchObject(found(2, 'projection-differs'))
  })

  it('a notice whose wording was changed or is gone', () => {
    expect(
      verifyAfter(
        () => undefined,
        noticeCheck(() => `${wording} `),
      ),
    ).toMatchObject(found(2, 'notice-differs'))
    expect(
      verifyAfter(
        () => undefined,
        noticeCheck(() => undefined),
      ),
    ).toMatchObject(found(2, 'notice-differs'))
  })

  it('nothing in a chain of any events, and any one change to it', () => {
    const events = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        events,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (kinds, which, where, flip) => {
          const { rows, head } = chainOf(
            kinds.map((full, place) => (full ? fullEvent(place + 1) : leastEvent(place + 1))),
          )
          expect(verifyChain(rows, head, notices)).toEqual({ events: kinds.length, firstBreak: null })
          const row = rowAt(rows, (which % rows.length) + 1)
          const place = where % row.bytes.length
          row.bytes[place] = (row.bytes[place] ?? 0) ^ flip
          expect(verifyChain(rows, head, notices)).toMatchObject(found(row.seq, 'hash-mismatch'))
        },
      ),
    )
  })
})

describe('the wording of notices', () => {
  it('is looked up once for each hash', () => {
    let asked = 0
    const check = noticeCheck(() => {
      asked += 1
      return wording
    })
    const { rows, head } = chainOf([fullEvent(1), fullEvent(2), fullEvent(3)])
    expect(verifyChain(rows, head, check).firstBreak).toBeNull()
    expect(asked).toBe(1)
  })
})

/** Keys from outside, and the contact points' own keys under them. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  dataKeyOf,
  newDataKey,
  rewrapDataKey,
  unwrapDataKey,
  WrappedKeyError,
  wrapDataKey,
} from '../../../domain/ledger/dataKey.ts'
import { KeyringError, parseDataKeys } from '../../../domain/ledger/keyring.ts'
import { open, SealedEvidence, seal } from '../../../domain/ledger/seal.ts'
import { contactPoint, leastEvent } from './samples.ts'

/** 32 bytes, different for each number, as base64url. */
const material = (number: number) =>
  Buffer.from(Uint8Array.from({ length: 32 }, (_, place) => (place * 7 + number) % 256)).toString('base64url')

function problems(text: string): readonly string[] {
  try {
    parseDataKeys(text)
  } catch (error) {
    if (error instanceof KeyringError) return error.problems
    throw error
  }
  return []
}

describe('a list of keys', () => {
  it('is read newest first', () => {
    const ring = parseDataKeys(`2027-01:${material(1)}, 2026-01:${material(2)}=`)
    expect(ring.keys.map(({ id }) => id)).toEqual(['2027-01', '2026-01'])
    expect(ring.newest.id).toBe('2027-01')
    expect(ring.keys[1]?.key.export().toString('base64url')).toBe(material(2))
  })

  it('is refused with all that is wrong, and without a letter of a key', () => {
    const lastLetterOff = `${material(6).slice(0, -1)}${material(6).endsWith('B') ? 'C' : 'B'}`
    const text = [
      material(1),
      `:${material(2)}`,
      `a:${material(3)}`,
      `a:${material(4)}`,
      `b:${material(5).slice(0, 40)}`,
      `c:${material(5)}AAAA`,
      'd:not base64!',
      `e:${lastLetterOff}`,
      `f:${'A'.repeat(43)}`,
      '',
    ].join(',')
    expect(problems(text)).toEqual([
      'key 1 has no id; write id:key',
      'key 2 has no good id: letters, digits, ".", "_" and "-", at most 32',
      'key 4 repeats the id "a"',
      'key 5 ("b") is 30 bytes long, not 32',
      'key 6 ("c") is 35 bytes long, not 32',
      'key 7 ("d") is not base64url (letters, digits, "-" and "_")',
      'key 8 ("e") is not exact base64url: its last letter has stray bits',
      'key 9 ("f") is no random key',
      'key 10 is empty; write id:key[,id:key]',
    ])
    for (const number of [1, 2, 3, 4, 5, 6])
      expect(problems(text).join()).not.toContain(material(number).slice(0, 8))
    expect(problems('')).toEqual(['key 1 is empty; write id:key[,id:key]'])
  })

  it('shows no key when it is logged', () => {
    const ring = parseDataKeys(`a:${material(1)}`)
    const bytes = Buffer.from(material(1), 'base64url')
    for (const shown of [inspect(ring, { depth: 9 }), JSON.stringify(ring)]) {
      expect(shown).not.toContain(material(1).slice(0, 8))
      expect(shown).not.toContain(bytes.toString('hex').slice(0, 8))
    }
  })
})

describe("a contact point's own key", () => {
  const old = parseDataKeys(`old:${material(1)}`)
  const both = parseDataKeys(`new:${material(2)},old:${material(1)}`)
  const dataKey = newDataKey()

  it('unwraps to what was wrapped, with an id that follows from it', () => {
    const wrapped = wrapDataKey(old, contactPoint, dataKey)
    expect(wrapped.wrapped).toHaveLength(60)
    const back = unwrapDataKey(old, contactPoint, wrapped)
    expect(back.key.equals(dataKey.key)).toBe(true)
    expect(back.id).toBe(dataKey.id)
    expect(newDataKey().id).not.toBe(dataKey.id)
  })

  it('is wrapped anew under the newest key, and opens what was sealed before', () => {
    const wrapped = wrapDataKey(old, contactPoint, dataKey)
    const place = { contactPoint, event: leastEvent(1).id }
    const box = seal(dataKey, place, SealedEvidence.parse({ circumstances: 'kept' }))
    const rewrapped = rewrapDataKey(both, contactPoint, wrapped)
    if (rewrapped === null) throw new Error('was not wrapped anew')
    expect(rewrapped.wrappedBy).toBe('new')
    const onlyNew = parseDataKeys(`new:${material(2)}`)
    expect(open(unwrapDataKey(onlyNew, contactPoint, rewrapped), place, box)).toMatchObject({
      opened: 'evidence',
    })
    expect(rewrapDataKey(both, contactPoint, rewrapped)).toBeNull()
  })

  it('does not unwrap for another contact point, after a change, or under another key of that id', () => {
    const wrapped = wrapDataKey(old, contactPoint, dataKey)
    const failing = [
      () => unwrapDataKey(old, leastEvent(9).id, wrapped),
      () => unwrapDataKey(parseDataKeys(`old:${material(3)}`), contactPoint, wrapped),
      () => unwrapDataKey(old, contactPoint, { ...wrapped, wrapped: wrapped.wrapped.slice(0, 59) }),
      ...Array.from({ length: 60 }, (_, place) => () => {
        const bytes = Uint8Array.from(wrapped.wrapped)
        bytes[place] = (bytes[place] ?? 0) ^ 1
        return unwrapDataKey(old, contactPoint, { ...wrapped, wrapped: bytes })
      }),
    ]
    for (const one of failing) {
      expect(one).toThrow(WrappedKeyError)
      expect(one).toThrow(/does not unwrap$/)
    }
  })

  it('says which key of the ring is missing', () => {
    const wrapped = wrapDataKey(both, contactPoint, dataKey)
    expect(() => unwrapDataKey(old, contactPoint, wrapped)).toThrow('no key "new" in the data keys')
  })

  it('unwraps from bytes written long ago', () => {
    const wrapped = new Uint8Array(
      Buffer.from(
        'UFFSU1RVVldYWVpbv9pxu6AlH2kq1OVXCkFwf_ols7xWUni6DyWASndRJzNO-TltPBhv0Oo4MM8ASy71',
        'base64url',
      ),
    )
    const back = unwrapDataKey(old, contactPoint, { wrappedBy: 'old', wrapped })
    expect(back.key.export().toString('base64url')).toBe(material(9))
    expect(back.id).toBe(dataKeyOf(Buffer.from(material(9), 'base64url')).id)
  })
})

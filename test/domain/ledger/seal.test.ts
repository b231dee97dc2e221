/** Sealed evidence: readable with its key, at its place only, and erased with it while the chain stays whole. */
import { describe, expect, it } from 'vitest'
import { CanonicalFormError } from '../../../domain/ledger/canonical.ts'
import { newDataKey } from '../../../domain/ledger/dataKey.ts'
import { decodeEvent } from '../../../domain/ledger/encode.ts'
import type { SealedBox } from '../../../domain/ledger/event.ts'
import { open, SealedEvidence, seal } from '../../../domain/ledger/seal.ts'
import { verifyChain } from '../../../domain/ledger/verify.ts'
import { fullBytes } from './golden.ts'
import { chainOf, contactPoint, dataKey, evidence, fullEvent, leastEvent } from './samples.ts'

const place = { contactPoint, event: leastEvent(1).id }
const nothing = SealedEvidence.parse({})

describe('sealed evidence', () => {
  it('opens with its key', () => {
    expect(open(dataKey, place, seal(dataKey, place, evidence))).toEqual({ opened: 'evidence', evidence })
    expect(open(dataKey, place, seal(dataKey, place, nothing))).toEqual({
      opened: 'evidence',
      evidence: nothing,
    })
  })

  it('opens from bytes written long ago', () => {
    const { sealed, id } = decodeEvent(new TextEncoder().encode(fullBytes))
    if (sealed === null) throw new Error('nothing sealed')
    expect(open(dataKey, { contactPoint, event: id }, sealed)).toEqual({ opened: 'evidence', evidence })
  })

  it('shows nothing of what it holds', () => {
    const box = JSON.stringify(fullEvent(2))
    for (const secret of ['counter', 'card 17', '192.0.2.7', 'user-4', 'www.example.com'])
      expect(box).not.toContain(secret)
  })

  it('is another box each time', () => {
    const [one, two] = [seal(dataKey, place, evidence), seal(dataKey, place, evidence)]
    expect(one.iv).not.toBe(two.iv)
    expect(one.ciphertext).not.toBe(two.ciphertext)
  })

  it('does not open at another event or contact point', () => {
    const box = seal(dataKey, place, evidence)
    expect(open(dataKey, { ...place, event: leastEvent(2).id }, box)).toEqual({ opened: 'unreadable' })
    expect(open(dataKey, { ...place, contactPoint: leastEvent(3).id }, box)).toEqual({ opened: 'unreadable' })
  })

  it('does not open when any part of it was changed', () => {
    const box = seal(dataKey, place, evidence)
    const other = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    const changed: SealedBox[] = [
      { ...box, iv: other(box.iv) },
      { ...box, ciphertext: other(box.ciphertext) },
      { ...box, tag: other(box.tag) },
      { ...box, tag: box.tag.slice(0, 6) },
      { ...box, ciphertext: box.ciphertext.slice(0, -4) },
    ]
    for (const one of changed) expect(open(dataKey, place, one)).toEqual({ opened: 'unreadable' })
  })

  it('is erased once the key is destroyed or another took its place, and the chain still verifies', () => {
    const { rows, head } = chainOf([fullEvent(1), leastEvent(2)])
    const { sealed } = fullEvent(1)
    if (sealed === null) throw new Error('nothing sealed')
    expect(open(null, place, sealed)).toEqual({ opened: 'erased' })
    expect(open(newDataKey(), place, sealed)).toEqual({ opened: 'erased' })
    expect(verifyChain(rows, head)).toEqual({ events: 2, firstBreak: null })
  })

  it('keeps free JSON verbatim, its nulls and odd names included', () => {
    const free: unknown = JSON.parse(
      '{"__proto__":{"a":null},"list":[null,{"b":null}],"text":"\\u0000 \\ud83d\\ude00"}',
    )
    const opened = open(dataKey, place, seal(dataKey, place, { ...nothing, evidence: free }))
    if (opened.opened !== 'evidence') throw new Error(opened.opened)
    expect(JSON.stringify(opened.evidence.evidence)).toBe(JSON.stringify(free))
  })

  it('refuses text that has no bytes', () => {
    expect(() => seal(dataKey, place, { ...nothing, circumstances: 'lone \ud83d' })).toThrow(
      CanonicalFormError,
    )
    expect(() => seal(dataKey, place, { ...nothing, evidence: { deep: '\ude00' } })).toThrow(
      CanonicalFormError,
    )
  })
})

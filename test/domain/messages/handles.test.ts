import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  hashHandle,
  hashToken,
  linkToken,
  newHandle,
  newToken,
  openToken,
  parseHandle,
  parseLinkToken,
} from '../../../domain/messages/handles.ts'

const handle = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => Buffer.from(b).toString('base64url'))
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('handles and tokens are new each time, and 256 bits long', () => {
  const many = new Set(Array.from({ length: 500 }, (_, i) => (i % 2 ? newHandle() : newToken())))
  expect(many.size).toBe(500)
  for (const one of many) {
    expect(Buffer.from(one, 'base64url')).toHaveLength(32)
    expect(parseHandle(one)).toBe(one)
  }
})

test('what is stored is the SHA-256 of the text', () => {
  expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('an open token follows from the handle, and neither is found by what is stored for the other use of it', () => {
  fc.assert(
    fc.property(handle, (one) => {
      const open = openToken(one)
      expect(parseHandle(open)).toBe(open)
      expect(hashHandle(one)).toBe(hashToken(open))
      // As a handle, the open token is another one; as an open token, the handle is.
      expect(hashHandle(open)).not.toBe(hashHandle(one))
      expect(hashToken(one)).not.toBe(hashHandle(one))
    }),
  )
})

test('a handle changed in any one character is another handle or none', () => {
  const changes = fc.tuple(handle, fc.nat(42), fc.constantFrom(...alphabet))
  fc.assert(
    fc.property(changes, ([one, at, character]) => {
      const other = one.slice(0, at) + character + one.slice(at + 1)
      const parsed = parseHandle(other)
      if (other !== one && parsed !== null) expect(hashHandle(parsed)).not.toBe(hashHandle(one))
      if (parsed !== null) expect(Buffer.from(parsed, 'base64url').toString('base64url')).toBe(parsed)
    }),
  )
})

test('the unused bits of the last character must be zero, so that no handle has two writings', () => {
  const one = Buffer.alloc(32, 7).toString('base64url')
  const writings = [...alphabet].map((last) => one.slice(0, -1) + last)
  const same = writings.filter((w) => Buffer.from(w, 'base64url').equals(Buffer.alloc(32, 7)))
  expect(same).toHaveLength(4)
  expect(same.map(parseHandle).filter((parsed) => parsed !== null)).toEqual([one])
})

test.each([
  '',
  'A'.repeat(42),
  'A'.repeat(44),
  `${'A'.repeat(43)}=`,
  `${'A'.repeat(42)}+`,
  `${'A'.repeat(42)}\n`,
  ` ${'A'.repeat(42)}`,
  `${'A'.repeat(42)}é`,
])('%j is no handle', (text) => {
  expect(parseHandle(text)).toBeNull()
})

test('a link token is the HMAC of its position under the handle, cut to 160 bits', () => {
  const one = newHandle()
  const full = createHmac('sha256', one).update('link:3').digest()
  expect(linkToken(one, 3)).toBe(full.subarray(0, 20).toString('base64url'))
  expect(parseLinkToken(linkToken(one, 3))).toBe(linkToken(one, 3))
})

test('a link token is neither another position, nor another delivery, nor a handle', () => {
  fc.assert(
    fc.property(
      handle,
      handle,
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      (a, b, m, n) => {
        if (m !== n) expect(linkToken(a, m)).not.toBe(linkToken(a, n))
        if (a !== b) expect(linkToken(a, m)).not.toBe(linkToken(b, m))
        expect(parseHandle(linkToken(a, m))).toBeNull()
        expect(parseLinkToken(a)).toBeNull()
      },
    ),
  )
})

test.each([0, -1, 1.5, Number.NaN])('there is no link at position %s', (position) => {
  expect(() => linkToken(newHandle(), position)).toThrow(RangeError)
})

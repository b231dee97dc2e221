/** A provider's answer, read back from a row: codes apart from words. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { codesOf, textOf } from '../../../domain/delivery/providerAnswer.ts'

describe('codes', () => {
  it.each([
    [
      { code: 550, enhanced: '5.1.1', text: 'no such user', stage: 'recipient' },
      { code: 550, enhanced: '5.1.1', stage: 'recipient' },
    ],
    [{ code: 250, enhanced: null, text: 'queued' }, { code: 250 }],
    [
      { status: 'undelivered', errorCode: 30003, text: '' },
      { status: 'undelivered', errorCode: 30003 },
    ],
    [null, {}],
    ['words', {}],
    [[1], {}],
  ])('of %o are %o, under the names of the channel', (stored, codes) => {
    expect(codesOf(stored)).toEqual(codes)
  })

  it.each([
    ['ada@example.com'],
    ['+43664123456'],
    ['43664123456'],
    [43_664_123_456],
    ['two words'],
    ['x'.repeat(41)],
    [''],
    [{}],
  ])('leave out %o, which is none', (value) => {
    expect(codesOf({ value })).toEqual({})
  })
})

test('never hold the words, an address or a phone number, whatever a channel stores', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.emailAddress())),
      (stored) => {
        const codes = codesOf({ ...stored, text: 'the words' })
        expect(codes).not.toHaveProperty('text')
        for (const code of Object.values(codes)) expect(String(code)).not.toMatch(/@|\s|\d{7}/)
      },
    ),
  )
})

it.each([
  [{ text: 'queued' }, 'queued'],
  [{ code: 1 }, null],
  [null, null],
])('the words of %o are %o', (stored, text) => {
  expect(textOf(stored)).toBe(text)
})

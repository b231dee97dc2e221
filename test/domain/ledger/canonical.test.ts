/** Canonical JSON against the examples of RFC 8785 itself, and what is refused. */
import { describe, expect, it } from 'vitest'
import { CanonicalFormError, canonicalBytes, textOf } from '../../../domain/ledger/canonical.ts'

const text = (value: unknown) => textOf(canonicalBytes(value))

function double(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE()
}

describe('canonical JSON', () => {
  it('is, for the example of RFC 8785 section 3.2.2, the bytes of section 3.2.4', () => {
    const value: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`)
    const bytes =
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b333333333333333333' +
      '2e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c753030' +
      '30665c6e4127425c225c5c5c5c5c222f227d'
    expect(Buffer.from(canonicalBytes(value)).toString('hex')).toBe(bytes)
  })

  it('sorts members by UTF-16 code units, as in section 3.2.3', () => {
    const value: unknown = JSON.parse(String.raw`{
      "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }`)
    const names = [...text(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)
    expect(names).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (bits, written) => {
    expect(text(double(bits))).toBe(written)
  })

  it('keeps text exactly as it is, without Unicode normalisation', () => {
    expect(text('\u00e9')).not.toBe(text('e\u0301'))
    expect(text('\u0000\u007f\u2028')).toBe('"\\u0000\u007f\u2028"')
  })

  it('writes a member named __proto__ like any other', () => {
    expect(text(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}')
  })

  const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

  it.each([
    ['a lone high surrogate', 'a\ud83d'],
    ['a lone low surrogate', '\ude00a'],
    ['a lone surrogate in a name', { '\ud83d': 1 }],
    ['a number that is not one', Number.NaN],
    ['an infinite number', { deep: [Number.POSITIVE_INFINITY] }],
    ['nothing', undefined],
    ['a member without value', { a: undefined }],
    ['a hole in an array', [undefined]],
    ['a big integer', 1n],
    ['a function', { toJSON: () => 'x' }],
    ['an object of a class', new Date(0)],
    ['a map', new Map()],
    ['what is nested too deep', deep(65)],
    ['what is nested far too deep', deep(100_000)],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalBytes(value)).toThrow(CanonicalFormError)
  })

  it('takes what is nested deep, but not too deep', () => {
    expect(text(deep(64))).toHaveLength(128)
  })

  it('refuses bytes that are not UTF-8, and keeps a byte order mark to be refused by the parser', () => {
    expect(() => textOf(Uint8Array.of(0xc3, 0x28))).toThrow(CanonicalFormError)
    expect(() => JSON.parse(textOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)))).toThrow(SyntaxError)
  })
})

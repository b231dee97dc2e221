import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskAddress, normaliseAddress } from '../../../domain/addresses/normalise.ts'

describe('an e-mail address', () => {
  test.each([
    [' Shopper@Example.ORG ', 'shopper@example.org'],
    ['shopper+news@example.org', 'shopper+news@example.org'],
    ["o'shopper@example.org", "o'shopper@example.org"],
    ['shopper@Bücher.example', 'shopper@xn--bcher-kva.example'],
    ['shopper@xn--bcher-kva.example', 'shopper@xn--bcher-kva.example'],
    ['Jose\u0301@example.org', 'jos\u00e9@example.org'],
    ['shopper@example\u3002org', 'shopper@example.org'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
  ])('%j has one writing', (given, normal) => {
    expect(normaliseAddress('email', given)).toEqual({ ok: true, address: normal })
  })

  test.each([
    '',
    'shopper',
    '@example.org',
    'shopper@',
    'shopper@@example.org',
    'a@b@example.org',
    'shopper@example.org, other@example.org',
    'Shopper <shopper@example.org>',
    '"shop per"@example.org',
    '"a"@example.org',
    'shop per@example.org',
    '.shopper@example.org',
    'shopper.@example.org',
    'shop..per@example.org',
    'shop(comment)per@example.org',
    'shopper@example.org\r\nBcc: other@example.org',
    'shop\u0000per@example.org',
    'shopper@localhost',
    'shopper@example.org.',
    'shopper@.example.org',
    'shopper@exa mple.org',
    'shopper@exa_mple.org',
    'shopper@-example.org',
    'shopper@example-.org',
    'shopper@ex%61mple.org',
    'shopper@[127.0.0.1]',
    'shopper@127.0.0.1',
    'shopper@0x7f.1',
    'shopper@example.org:25',
    'shopper@example.org/path',
    `${'a'.repeat(65)}@example.org`,
    `${'é'.repeat(33)}@example.org`,
    `shopper@${'a'.repeat(64)}.org`,
    `shopper@${'abcdefgh.'.repeat(28)}org`,
  ])('%j is refused, and the answer does not repeat it', (given) => {
    const answer = normaliseAddress('email', given)
    if (answer.ok) throw new Error(answer.address)
    if (given.trim().length > 2) expect(answer.message).not.toContain(given.trim())
  })

  test('is unchanged when it is normalised again, and never longer than a path may be', () => {
    const anything = fc.oneof(
      fc.emailAddress(),
      fc.tuple(fc.string({ unit: 'grapheme' }), fc.domain()).map(([local, domain]) => `${local}@${domain}`),
      fc
        .tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))
        .map(([l, d]) => `${l}@${d}.org`),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(anything, (given) => {
        const once = normaliseAddress('email', given)
        if (!once.ok) return
        expect(normaliseAddress('email', once.address)).toEqual(once)
        expect(Buffer.byteLength(once.address)).toBeLessThanOrEqual(254)
        expect(once.address.split('@')).toHaveLength(2)
        expect(once.address).not.toMatch(/[\s<>",;:()]|\p{Cc}/u)
      }),
      { numRuns: 1000 },
    )
  })

  test('is the same in upper and lower case', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (given) => {
        expect(normaliseAddress('email', given.toUpperCase())).toEqual(
          normaliseAddress('email', given.toLowerCase()),
        )
      }),
    )
  })
})

describe('a phone number', () => {
  test.each([
    ['+49 30 901820', '+4930901820'],
    ['+49 (0)30 901820', '+4930901820'],
    [' +1 (415) 555-0100 ', '+14155550100'],
    ['+43.1.58858', '+43158858'],
  ])('%j has one writing', (given, normal) => {
    expect(normaliseAddress('sms', given)).toEqual({ ok: true, address: normal })
  })

  test.each([
    '030 901820',
    '0049 30 901820',
    '+999 123456',
    '+49',
    '+49 1',
    '+1 800 FLOWERS',
    '+4930901820 ext. 3',
    '+4930901820;ext=3',
    '+49 30 901820 901820 901820',
    'call +4930901820',
    '',
  ])('%j is refused', (given) => {
    expect(normaliseAddress('sms', given).ok).toBe(false)
  })
})

test('an address on a custom channel is only trimmed and composed', () => {
  expect(normaliseAddress('push', ' Device/Jose\u0301 ')).toEqual({ ok: true, address: 'Device/Jos\u00e9' })
  expect(normaliseAddress('push', ' ').ok).toBe(false)
  expect(normaliseAddress('push', 'a\u0007b').ok).toBe(false)
  expect(normaliseAddress('push', 'a'.repeat(1025)).ok).toBe(false)
})

test('a masked address can be recognised and not be read', () => {
  expect(maskAddress('email', 'shopper@shop.example.org')).toBe('s***@s***.org')
  expect(maskAddress('sms', '+4930901820')).toBe('***20')
  expect(maskAddress('push', 'device-4711')).toBe('d***')
  expect(maskAddress('push', 'ab')).toBe('***')
  expect(maskAddress('email', 'nonsense')).toBe('***')
})

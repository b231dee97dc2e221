import { expect, test } from 'vitest'
import { HeaderError, mailHeaders, messageIdOf } from '../../../channels/email/headers.ts'

const url = 'https://a.example.com/unsubscribe/h'

test('commercial mail can be unsubscribed from with one click (RFC 8058)', () => {
  expect(mailHeaders('commercial', url)).toEqual([
    { name: 'List-Unsubscribe', value: `<${url}>` },
    { name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
    { name: 'Auto-Submitted', value: 'auto-generated' },
  ])
})

test('only what is known to be transactional goes without', () => {
  expect(mailHeaders('transactional', url)).toEqual([{ name: 'Auto-Submitted', value: 'auto-generated' }])
  expect(mailHeaders('unheard-of', url)).toHaveLength(3)
})

test.each([
  null,
  '',
  'mailto:x@example.com',
  'https://a.example.com/x>, <https://b',
  'https://a.example.com/\r\nBcc: x',
])('commercial mail does not leave with %j as its unsubscribe address', (bad) => {
  expect(() => mailHeaders('commercial', bad)).toThrow(HeaderError)
})

test('a Message-ID follows from the claim alone and does not show it', () => {
  const id = messageIdOf('run-1/remind/1', 'Shop@Example.com')
  expect(id).toMatch(/^<[0-9a-f]{40}@example\.com>$/)
  expect(messageIdOf('run-1/remind/1', 'shop@example.com')).toBe(id)
  expect(messageIdOf('run-1/remind/2', 'shop@example.com')).not.toBe(id)
})

test.each(['shop', 'shop@', 'shop@exam ple.com', 'shop@a>\r\nBcc: x'])('%j gives no Message-ID', (sender) => {
  expect(() => messageIdOf('k', sender)).toThrow(HeaderError)
})

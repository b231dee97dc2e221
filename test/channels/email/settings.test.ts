import { expect, test } from 'vitest'
import { parseSmtpUrl, SmtpUrlError } from '../../../channels/email/settings.ts'

test('host, port, credentials and options are read', () => {
  expect(
    parseSmtpUrl('smtps://sho%40p:p%3Aw@mail.example.com?maxConnections=7&name=shop.example.com'),
  ).toEqual({
    host: 'mail.example.com',
    port: 465,
    secure: true,
    requireTls: false,
    ignoreTls: false,
    rejectUnauthorized: true,
    auth: { user: 'sho@p', pass: 'p:w' },
    name: 'shop.example.com',
    maxConnections: 7,
  })
  expect(parseSmtpUrl('smtp://[::1]:1025')).toMatchObject({
    host: '::1',
    port: 1025,
    ignoreTls: true,
    auth: null,
  })
})

test('credentials for another machine require TLS unless it is waived', () => {
  expect(parseSmtpUrl('smtp://u:p@mail.example.com')).toMatchObject({ port: 587, requireTls: true })
  expect(parseSmtpUrl('smtp://u:p@mail.example.com?requireTLS=false')).toMatchObject({ requireTls: false })
  expect(parseSmtpUrl('smtp://u:p@127.0.0.1')).toMatchObject({ requireTls: false, ignoreTls: true })
  expect(parseSmtpUrl('smtp://mail.example.com')).toMatchObject({ requireTls: false, ignoreTls: false })
})

test.each([
  'mail.example.com:25',
  'https://u:sesame@mail.example.com',
  'smtp://',
  'smtp://u:sesame%zz@mail.example.com',
  'smtp://u:sesame@mail.example.com?maxConnections=0',
  'smtp://u:sesame@mail.example.com?maxConnections=many',
  'smtp://u:sesame@mail.example.com?requireTLS=yes',
  'smtp://u:sesame@mail.example.com?sesame=1',
  'smtp://u:sesame@mail.example.com?name=a%0d%0ab',
])('%s is refused, and the error does not repeat it', (url) => {
  let error: unknown
  try {
    parseSmtpUrl(url)
  } catch (thrown) {
    error = thrown
  }
  if (!(error instanceof SmtpUrlError)) throw new Error('not refused')
  expect(error.message).not.toContain('sesame')
})

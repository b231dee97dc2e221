/** What a server answers is kept without the addresses in it. */
import { expect, it } from 'vitest'
import { readReply } from '../../../channels/email/answer.ts'

it.each([
  ['550 5.1.1 <ada@example.com>: no such user', '<***>: no such user'],
  ['550 5.1.1 ada is unknown here', '*** is unknown here'],
  ['451 4.7.1 try again, see http://example.net/x?u=bob@example.org', 'try again, see http:***'],
  ['451 4.7.1 @ or a@ or @b mean nothing', '@ or a@ or @b mean nothing'],
  ['550 a@@ b@c@d', '*** ***'],
])('%s', (reply, text) => {
  expect(readReply(reply, 'ada@example.com').text).toBe(text)
})

it('a word of a million characters takes no longer than as many words', () => {
  expect(readReply(`550 5.7.1 ${'x'.repeat(1_000_000)}`, 'ada@example.com').text).toHaveLength(500)
})

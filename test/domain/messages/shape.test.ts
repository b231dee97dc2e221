import { expect, test } from 'vitest'
import { messageShape } from '../../../domain/shapes/message.ts'

const good = { channel: 'email', purpose: 'news', topic: 'events', subject: 's', html: '<p>x</p>', text: 'x' }

test('an e-mail message is taken, with or without what is optional', () => {
  expect(messageShape.parse(good)).toEqual(good)
  expect(messageShape.parse({ ...good, profile: 'default', tracking: false })).toMatchObject({
    tracking: false,
  })
  expect(messageShape.safeParse({ channel: 'email', purpose: 'news', subject: 's', text: 'x' }).success).toBe(
    true,
  )
})

test.each([
  ['an unknown field', { cc: 'x@example.org' }],
  ['an unknown channel', { channel: 'fax' }],
  ['tracking that is forced', { tracking: true }],
  ['a subject of two lines', { subject: 'a\nb' }],
  ['no subject', { subject: undefined }],
  ['no text', { text: undefined }],
  ['an empty text', { text: '' }],
  ['a huge HTML part', { html: 'x'.repeat(400_001) }],
  ['a purpose that is no key', { purpose: 'News!' }],
])('%s is refused', (_, change) => {
  expect(messageShape.safeParse({ ...good, ...change }).success).toBe(false)
})

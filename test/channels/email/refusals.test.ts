/** What an SMTP refusal means: tried again, failed, or failed and the address suppressed. */
import { expect, it } from 'vitest'
import { refusalOf } from '../../../channels/email/refusals.ts'

const reply = (code: number, enhanced: string | null) => ({ code, enhanced, text: 'words' })

it.each([
  [421, '4.3.2'],
  [450, '4.2.1'],
  [452, '4.3.1'],
  // 5.1.1 counts only in a refusal for good.
  [450, '5.1.1'],
])('%i %s is a refusal for now', (code, enhanced) => {
  expect(refusalOf(reply(code, enhanced), 'recipient')).toEqual({
    kind: 'refused',
    permanent: false,
    answer: { code, enhanced, text: 'words', stage: 'recipient' },
  })
})

it.each<[number, string | null, string]>([
  [530, '5.7.0', 'authentication required'],
  [530, null, 'STARTTLS required'],
  [534, '5.7.9', 'mechanism too weak'],
  [535, '5.7.8', 'credentials invalid'],
  [538, '5.7.11', 'encryption required for this mechanism'],
])('%i %s (%s) is about our session, so the message is tried again', (code, enhanced) => {
  expect(refusalOf(reply(code, enhanced), 'sender')).toMatchObject({ permanent: false })
})

it.each([
  [550, '5.7.1'],
  [550, null],
  [552, '5.2.2'],
  [552, '5.3.4'],
  [554, '5.6.0'],
])('%i %s is a refusal for good, and says nothing about the address', (code, enhanced) => {
  expect(refusalOf(reply(code, enhanced), 'body')).toEqual({
    kind: 'refused',
    permanent: true,
    answer: { code, enhanced, text: 'words', stage: 'body' },
  })
})

it.each(['5.1.1', '5.1.2', '5.1.6', '5.1.10'])('550 %s suppresses the address', (enhanced) => {
  expect(refusalOf(reply(550, enhanced), 'recipient')).toMatchObject({
    permanent: true,
    suppress: { kind: 'hard-bounced', reason: `550 ${enhanced}`, status: enhanced },
  })
})

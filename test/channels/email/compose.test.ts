import { generateKeyPairSync } from 'node:crypto'
import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import { type Composition, composeMail } from '../../../channels/email/compose.ts'
import { mailHeaders, messageIdOf } from '../../../channels/email/headers.ts'
import { openSmtpPool } from '../../../channels/email/pool.ts'
import { verifyDkim } from './dkim.ts'
import { startReal } from './realServer.ts'

const unsubscribe = `https://www.example.com/unsubscribe/${'aB3_-'.repeat(9)}`
const html = `<p>Grüße, 你好 ${'long '.repeat(60)}</p>\n<a href="${unsubscribe}">off</a>`
const text = `Grüße, 你好\n\n${'long '.repeat(60)}\n-- \n${unsubscribe}`
const base: Composition = {
  from: { name: 'Shop, Ünlimited "Ltd"', email: 'shop@example.com' },
  to: 'shopper@example.org',
  message: { subject: 'Übersicht – 你好', html, text },
  messageId: messageIdOf('run/step/1', 'shop@example.com'),
  date: new Date('2026-11-23T10:20:30Z'),
  headers: mailHeaders('commercial', unsubscribe),
}

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const dkim = (privateKey: string) => ({ domain: 'example.com', selector: 'mail', privateKey })
const normal = (content: string | undefined) => content?.replace(/\r\n/g, '\n').trimEnd()

describe('a composed mail', () => {
  test('holds both parts, the header fields and nothing of the tool that made it', async () => {
    const mail = await composeMail(base)
    expect(mail.providerId).toBe(base.messageId)
    expect(mail.envelope).toEqual({ from: 'shop@example.com', to: 'shopper@example.org' })
    const parsed = await PostalMime.parse(mail.mime)
    expect(parsed.from).toMatchObject({ name: 'Shop, Ünlimited "Ltd"', address: 'shop@example.com' })
    expect(parsed.to).toEqual([{ name: '', address: 'shopper@example.org' }])
    expect([parsed.cc, parsed.bcc]).toEqual([undefined, undefined])
    expect(parsed.subject).toBe('Übersicht – 你好')
    expect(normal(parsed.html)).toBe(html)
    expect(normal(parsed.text)).toBe(text)
    expect(parsed.messageId).toBe(base.messageId)
    const fields = new Map(parsed.headers.map(({ key, value }) => [key, value]))
    expect(fields.get('date')).toBe('Mon, 23 Nov 2026 10:20:30 +0000')
    expect(fields.get('list-unsubscribe')).toBe(`<${unsubscribe}>`)
    expect(fields.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click')
    expect(fields.get('auto-submitted')).toBe('auto-generated')
    expect(fields.get('content-type')).toMatch(/^multipart\/alternative/)
    expect(fields.has('x-mailer')).toBe(false)
    expect(Buffer.from(mail.mime).toString()).toContain(`List-Unsubscribe: <${unsubscribe}>\r\n`)
  })

  test('has lines of 7-bit text ended by CRLF, none too long', async () => {
    const source = Buffer.from((await composeMail(base)).mime).toString('latin1')
    expect(source).not.toMatch(/[^\r]\n|\r[^\n]|[\x80-\xff]/)
    expect(Math.max(...source.split('\r\n').map((line) => line.length))).toBeLessThan(200)
  })

  test('of the same composition is the same to the byte', async () => {
    const again = { ...base, dkim: dkim(pem) }
    expect(await composeMail(again)).toEqual(await composeMail(again))
  })

  test('without HTML is plain text', async () => {
    const { mime } = await composeMail({ ...base, message: { ...base.message, html: null } })
    expect((await PostalMime.parse(mime)).headers.find((h) => h.key === 'content-type')?.value).toMatch(
      /^text\/plain/,
    )
  })

  test('goes back to the return path where there is one', async () => {
    const mail = await composeMail({ ...base, returnPath: 'bounce+token@example.com' })
    expect(mail.envelope.from).toBe('bounce+token@example.com')
    expect((await PostalMime.parse(mail.mime)).from?.address).toBe('shop@example.com')
  })

  test.each([
    'shopper@example.org, other@example.org',
    'shopper@example.org\r\nBcc: other@example.org',
    'shopper@example.org other@example.org',
    'Group: other@example.org;',
    '<other@example.org>',
    '',
  ])('cannot be for %j', async (to) => {
    await expect(composeMail({ ...base, to })).rejects.toMatchObject({
      name: 'ComposeError',
      code: 'bad-address',
    })
  })

  test('has no further recipient, whatever the names and the subject say', async () => {
    const evil = 'x\r\nBcc: other@example.org\r\n\r\nbody'
    const { mime } = await composeMail({
      ...base,
      from: { name: `"${evil}" <other@example.org>, y`, email: base.from.email },
      message: { ...base.message, subject: evil },
    })
    const parsed = await PostalMime.parse(mime)
    expect(parsed.bcc).toBeUndefined()
    expect(parsed.from?.address).toBe('shop@example.com')
    expect(parsed.to).toHaveLength(1)
    expect(normal(parsed.text)).toBe(text)
  })

  test('takes no header value of more than one line', async () => {
    const headers = [{ name: 'List-Unsubscribe', value: '<https://a>\r\nBcc: other@example.org' }] as const
    await expect(composeMail({ ...base, headers })).rejects.toMatchObject({ code: 'bad-header' })
  })
})

describe('DKIM', () => {
  test('the signature verifies as received, and covers the fields of one-click unsubscription', async () => {
    const server = await startReal()
    const channel = openSmtpPool(`smtp://127.0.0.1:${server.port}`)
    try {
      const slot = await channel.acquire({})
      const mail = await composeMail({ ...base, dkim: dkim(pem) })
      expect((await slot.handOver(mail, async () => true)).kind).toBe('accepted')
      slot.release()
      const source = server.received[0]?.source ?? Buffer.alloc(0)
      const verdict = verifyDkim(source, keys.publicKey)
      expect(verdict).toMatchObject({ bodyHash: true, signature: true })
      expect(verdict.signed).toEqual(expect.arrayContaining(['from', 'to', 'subject', 'date', 'message-id']))
      expect(verdict.signed).toEqual(expect.arrayContaining(['list-unsubscribe', 'list-unsubscribe-post']))
      const altered = Buffer.from(source.toString('latin1').replace('One-Click', 'Two-Click'), 'latin1')
      expect(verifyDkim(altered, keys.publicKey).signature).toBe(false)
    } finally {
      await channel.close()
      await server.close()
    }
  })

  test('a key that cannot sign is an error, never an unsigned mail', async () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    for (const key of [ed25519.toString(), 'sesame']) {
      const error: unknown = await composeMail({ ...base, dkim: dkim(key) }).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ name: 'DkimKeyError', code: 'cannot-sign' })
      expect(String(error)).not.toContain('sesame')
    }
  })
})

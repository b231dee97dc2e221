/** Verifies a DKIM signature (RFC 6376, rsa-sha256, relaxed/relaxed) independently of what made it. */
import { createHash, type KeyObject, verify } from 'node:crypto'

export type DkimVerdict = {
  readonly bodyHash: boolean
  readonly signature: boolean
  readonly signed: readonly string[]
}

export function verifyDkim(source: Buffer, publicKey: KeyObject): DkimVerdict {
  const mail = source.toString('latin1')
  const split = mail.indexOf('\r\n\r\n')
  const fields = mail
    .slice(0, split)
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
  const own = fields.find((field) => /^dkim-signature:/i.test(field)) ?? ''
  const tags = new Map(
    own
      .slice(own.indexOf(':') + 1)
      .split(';')
      .map((tag): [string, string] => {
        const at = tag.indexOf('=')
        return [tag.slice(0, at).replace(/\s/g, ''), tag.slice(at + 1).replace(/\s/g, '')]
      }),
  )
  const signed = (tags.get('h') ?? '').toLowerCase().split(':')
  const rest = [...fields].reverse()
  const chosen = signed.map((name) => rest.find((field) => field.toLowerCase().startsWith(`${name}:`)) ?? '')
  const unsigned = own.replace(/(;\s*b=)[^;]*/, '$1')
  const data = `${chosen.map((field) => `${relaxField(field)}\r\n`).join('')}${relaxField(unsigned)}`
  const body = relaxBody(mail.slice(split + 4))
  return {
    bodyHash: createHash('sha256').update(body, 'latin1').digest('base64') === tags.get('bh'),
    signature: verify(
      'sha256',
      Buffer.from(data, 'latin1'),
      publicKey,
      Buffer.from(tags.get('b') ?? '', 'base64'),
    ),
    signed,
  }
}

function relaxField(field: string): string {
  const at = field.indexOf(':')
  const value = field
    .slice(at + 1)
    .replace(/[ \t]+/g, ' ')
    .trim()
  return `${field.slice(0, at).trim().toLowerCase()}:${value}`
}

function relaxBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  const text = lines.join('\r\n').replace(/(\r\n)+$/, '')
  return text === '' ? '' : `${text}\r\n`
}

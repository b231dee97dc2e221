/**
 * Reads what a form or a mail program posts: urlencoded or multipart/form-data (RFC 7578, as RFC 8058 asks for), text fields
 * only. Some mail programs leave the content type out: what they send is urlencoded.
 */
import busboy from 'busboy'
import express, { type Request, type Response } from 'express'
import { Refusal } from '../../domain/refusal.ts'
import { isStorable } from '../../domain/shapes/primitives.ts'

export type Fields = ReadonlyMap<string, string>

/** More fields than any form of ours has. */
const mostFields = 5_000

/**
 * @param limit of the body, such as `64kb`
 * @throws Refusal malformed, unsupported, too-large
 */
export async function readFields(request: Request, response: Response, limit: string): Promise<Fields> {
  const body = await readBody(request, response, limit)
  if (body.length === 0) return new Map()
  const pairs = await pairsOf(body, request.get('Content-Type'))
  if (pairs.length > mostFields) {
    throw new Refusal('too-many-fields', `The form has more than ${mostFields} fields. Open the page again.`)
  }
  const fields = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (!isStorable(name) || !isStorable(value)) throw malformed()
    if (!fields.has(name)) fields.set(name, value)
  }
  return fields
}

/** The whole body, whatever it calls itself; empty where there is none. */
async function readBody(request: Request, response: Response, limit: string): Promise<Buffer> {
  const take = express.raw({ type: () => true, limit })
  await new Promise<void>((resolve, reject) => {
    take(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)))
  })
  const body: unknown = request.body
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

async function pairsOf(body: Buffer, contentType: string | undefined): Promise<[string, string][]> {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  switch (type) {
    case '':
    case 'application/x-www-form-urlencoded':
      return [...new URLSearchParams(body.toString('utf8'))]
    case 'multipart/form-data':
      return multipart(body, contentType ?? '')
    default:
      throw new Refusal(
        'content-type-unsupported',
        'The body must be a form: application/x-www-form-urlencoded or multipart/form-data.',
      )
  }
}

/** The body is bounded already; files and endless headers are refused all the same. */
function multipart(body: Buffer, contentType: string): Promise<[string, string][]> {
  return new Promise((resolve, reject) => {
    const pairs: [string, string][] = []
    const refuse = (): void => reject(malformed())
    try {
      const parser = busboy({
        headers: { 'content-type': contentType },
        limits: { fields: mostFields, files: 0, parts: mostFields, fieldNameSize: 300, headerPairs: 20 },
      })
      parser.on('field', (name, value, { nameTruncated, valueTruncated }) => {
        if (nameTruncated || valueTruncated) refuse()
        pairs.push([name, value])
      })
      parser.on('filesLimit', refuse)
      parser.on('fieldsLimit', refuse)
      parser.on('partsLimit', refuse)
      parser.on('error', refuse)
      parser.on('close', () => resolve(pairs))
      parser.end(body)
    } catch {
      refuse()
    }
  })
}

function malformed(): Refusal {
  return new Refusal('body-unreadable', 'The body is not a form that can be read. Open the page again.')
}

/** The e-mail channel as a send uses it: what it prepares, and what in a profile it cannot send with. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ChannelUnavailable, type Outgoing } from '../../../channels/channel.ts'
import { openEmailChannel } from '../../../channels/email/email.ts'
import { EnvironmentFault, MessageFault } from '../../../domain/delivery/faults.ts'
import { type Profile, profileShape } from '../../../domain/shapes/profile.ts'
import { verifyDkim } from './dkim.ts'
import { startReal } from './realServer.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dkim-'))
  const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(join(folder, 'mail.pem'), pem)
})
afterAll(() => rm(folder, { recursive: true }))

const profile = (keyFile?: string, email = 'hello@example.com'): Profile =>
  profileShape.parse({
    name: 'Northpath',
    sender: {
      name: 'Northpath',
      email,
      ...(keyFile === undefined ? {} : { dkim: { domain: 'example.com', selector: 'mail', keyFile } }),
    },
    postalAddress: '1 Example Street',
  })
const unsubscribeUrl = 'https://a.example.com/unsubscribe/h'
const outgoing: Outgoing = {
  id: '01a20ec8-e461-762c-a5b8-43fdc3277c04',
  to: 'shopper@example.org',
  profile: profile(),
  message: { subject: 'Hello', html: null, text: 'Hello' },
  occasion: { kind: 'delivery', purposeKind: 'commercial', unsubscribeUrl },
}
const nowhere = { SMTP_URL: 'smtp://127.0.0.1:1' }

async function fieldsOf(more: Partial<Outgoing>) {
  const { mime, providerId } = await openEmailChannel(nowhere).prepare({ ...outgoing, ...more })
  const { headers } = await PostalMime.parse(mime)
  return { providerId, fields: new Map(headers.map(({ key, value }) => [key, value])) }
}

describe('what it prepares', () => {
  it('needs no connection, and every attempt carries the same Message-ID, made from the id', async () => {
    const one = await fieldsOf({})
    const two = await fieldsOf({ message: { subject: 'Other words', html: null, text: 'x' } })
    expect(one.fields.get('message-id')).toBe(one.providerId)
    expect(two.providerId).toBe(one.providerId)
    expect(one.providerId).not.toContain(outgoing.id)
    expect((await fieldsOf({ id: '01a20ec8-e461-762c-a5b8-43fdc3277c05' })).providerId).not.toBe(
      one.providerId,
    )
  })

  it('of a commercial delivery can be unsubscribed from with one click; a test mail cannot', async () => {
    expect((await fieldsOf({})).fields.get('list-unsubscribe')).toBe(`<${unsubscribeUrl}>`)
    const { fields } = await fieldsOf({ occasion: { kind: 'test' } })
    expect(fields.get('x-assent-test')).toBe(outgoing.id)
    expect(fields.has('list-unsubscribe')).toBe(false)
  })

  it('is signed if the profile has a key', async () => {
    const channel = openEmailChannel({ ...nowhere, ASSENT_DKIM_FOLDER: folder })
    const { mime } = await channel.prepare({ ...outgoing, profile: profile('mail.pem') })
    expect(verifyDkim(Buffer.from(mime), keys.publicKey).signature).toBe(true)
  })

  it.each([
    ['a key that is not there', { profile: profile('gone.pem') }, EnvironmentFault, 'dkim-key: not-found'],
    ['two recipients', { to: 'a@example.org, b@example.org' }, MessageFault, 'cannot-compose: bad-address'],
    ['a recipient that is no address', { to: 'nobody' }, MessageFault, 'cannot-compose: bad-address'],
    [
      'no address to unsubscribe at',
      { occasion: { kind: 'delivery' as const, purposeKind: 'commercial', unsubscribeUrl: '' } },
      MessageFault,
      'cannot-compose: no-unsubscribe-address',
    ],
  ])('%s is a fault of the right kind', async (_, more, kind, reason) => {
    const channel = openEmailChannel({ ...nowhere, ASSENT_DKIM_FOLDER: folder })
    const error: unknown = await channel.prepare({ ...outgoing, ...more }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ reason })
  })
})

describe('what it needs of its environment', () => {
  it.each([
    ['nobody listens', 'smtp://127.0.0.1:1', 'connection-failed'],
    ['the name is not found', 'smtp://mail.invalid:25', 'connection-failed'],
  ])('%s: a fault of the environment', async (_, SMTP_URL, code) => {
    const channel = openEmailChannel({ SMTP_URL })
    const error: unknown = await channel.acquire({}).catch((thrown: unknown) => thrown)
    await channel.close()
    expect(error).toBeInstanceOf(EnvironmentFault)
    expect(error).toMatchObject({ code, reason: `channel-unavailable: ${code}` })
  })

  it('refused credentials and a certificate that is not trusted: faults of the environment', async () => {
    const server = await startReal({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    })
    const faultOf = async (url: string) => {
      const channel = openEmailChannel({ SMTP_URL: url })
      const error: unknown = await channel.acquire({}).catch((thrown: unknown) => thrown)
      await channel.close()
      return error instanceof ChannelUnavailable ? error.reason : error
    }
    expect(await faultOf(`smtp://u:p@127.0.0.1:${server.port}`)).toBe(
      'channel-unavailable: authentication-failed',
    )
    expect(await faultOf(`smtp://127.0.0.1:${server.port}?requireTLS=true`)).toBe(
      'channel-unavailable: tls-failed',
    )
    await server.close()
  })
})

describe('a profile', () => {
  it('whose key cannot be used is refused with the field and a code', async () => {
    const channel = openEmailChannel({ ...nowhere, ASSENT_DKIM_FOLDER: folder })
    const found = await channel.checkSender(profile('gone.pem'))
    expect(found).toEqual([
      {
        pointer: '/sender/dkim/keyFile',
        code: 'dkim-key-not-found',
        message: expect.stringContaining('no such file'),
      },
    ])
    expect(await channel.checkSender(profile('mail.pem'))).toEqual([])
    expect(await channel.checkSender(profile())).toEqual([])
  })
})

import type { SMTPServerOptions } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { ChannelUnavailable } from '../../../channels/channel.ts'
import { composeMail } from '../../../channels/email/compose.ts'
import { openSmtpPool } from '../../../channels/email/pool.ts'
import type { HandOverOutcome } from '../../../domain/delivery/outcome.ts'
import { type RealServer, startReal } from './realServer.ts'

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function send(
  options: SMTPServerOptions,
  url = (port: number) => `smtp://127.0.0.1:${port}`,
): Promise<{ outcome: HandOverOutcome; server: RealServer; asked: number }> {
  const server = await startReal(options)
  const channel = openSmtpPool(url(server.port))
  ending.push(async () => {
    await channel.close()
    await server.close()
  })
  const mail = await composeMail({
    from: { name: 'Shop', email: 'shop@example.com' },
    to: 'shopper@example.org',
    message: { subject: 'Hello', html: null, text: 'A line\n.starting with a dot\n' },
    messageId: '<1@example.com>',
    date: new Date('2026-11-23T10:00:00Z'),
    headers: [],
  })
  const slot = await channel.acquire({})
  let asked = 0
  const outcome = await slot.handOver(mail, async () => {
    asked++
    return true
  })
  slot.release()
  return { outcome, server, asked }
}

function rejection(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

test('a mail arrives byte for byte, for one recipient, and is accepted', async () => {
  const { outcome, server, asked } = await send({})
  expect(outcome).toMatchObject({ kind: 'accepted', answer: { code: 250 } })
  expect(asked).toBe(1)
  expect(server.received).toHaveLength(1)
  expect(server.received[0]).toMatchObject({ from: 'shop@example.com', to: ['shopper@example.org'] })
  expect(server.received[0]?.source.toString()).toContain('\r\n.starting with a dot\r\n')
})

test.each([
  ['sender', { onMailFrom: (_a, _s, done) => done(rejection(550, 'no')) }, true, 0],
  ['sender', { onMailFrom: (_a, _s, done) => done(rejection(451, 'later')) }, false, 0],
  ['recipient', { onRcptTo: (_a, _s, done) => done(rejection(550, 'no')) }, true, 0],
  ['recipient', { onRcptTo: (_a, _s, done) => done(rejection(452, 'later')) }, false, 0],
] satisfies [string, SMTPServerOptions, boolean, number][])(
  'a refusal of the %s is told apart',
  async (stage, options, permanent, times) => {
    const { outcome, asked, server } = await send(options)
    expect(outcome).toMatchObject({ kind: 'refused', permanent, answer: { stage } })
    expect(asked).toBe(times)
    expect(server.received).toHaveLength(0)
  },
)

test.each([
  [554, true],
  [451, false],
])('a refusal after the body (%i) is told apart', async (code, permanent) => {
  const { outcome, asked } = await send({
    onData(stream, _session, done) {
      stream.resume().on('end', () => done(rejection(code, 'no')))
    },
  })
  expect(outcome).toMatchObject({ kind: 'refused', permanent, answer: { stage: 'body' } })
  expect(asked).toBe(1)
})

test('user and password of SMTP_URL are used', async () => {
  const users: string[] = []
  const { outcome } = await send(
    {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        users.push(`${username}:${password}`)
        done(null, { user: 1 })
      },
    },
    (port) => `smtp://sho%40p:p%3Aw@127.0.0.1:${port}`,
  )
  expect(outcome.kind).toBe('accepted')
  expect(users).toEqual(['sho@p:p:w'])
})

test('refused credentials are a typed error that does not repeat them', async () => {
  const refused = send(
    {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _s, done) => done(new Error(`bad ${auth.password}`)),
    },
    (port) => `smtp://shop:sesame@127.0.0.1:${port}`,
  )
  const error = await refused.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChannelUnavailable)) throw error
  expect(error).toMatchObject({ code: 'authentication-failed' })
  expect(`${error.message}${error.stack}`).not.toMatch(/sesame|shop:/)
})

test('STARTTLS is used when it is required, and a certificate that no authority signed is refused', async () => {
  const url = (more: string) => (port: number) => `smtp://127.0.0.1:${port}?requireTLS=true${more}`
  const error = await send({}, url('')).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'ChannelUnavailable', code: 'tls-failed' })
  const { outcome } = await send({}, url('&tls.rejectUnauthorized=false'))
  expect(outcome.kind).toBe('accepted')
})

test('the password is not sent to a server without TLS if TLS is required', async () => {
  const users: string[] = []
  const refused = send(
    {
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth({ username }, _s, done) {
        users.push(username ?? '')
        done(null, { user: 1 })
      },
    },
    (port) => `smtp://shop:sesame@127.0.0.1:${port}?requireTLS=true`,
  )
  await expect(refused).rejects.toBeInstanceOf(ChannelUnavailable)
  expect(users).toEqual([])
})

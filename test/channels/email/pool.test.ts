import { afterEach, describe, expect, test, vi } from 'vitest'
import { ChannelUnavailable } from '../../../channels/channel.ts'
import type { Mail } from '../../../channels/email/compose.ts'
import { openSmtpPool, type SmtpPool, type SmtpPoolOptions } from '../../../channels/email/pool.ts'
import { drop, type Script, type ScriptedServer, silence, startScripted } from './scriptedServer.ts'

const mail: Mail = {
  providerId: '<1@example.com>',
  envelope: { from: 'shop@example.com', to: 'shopper@example.org' },
  mime: Buffer.from('Subject: hello\r\n\r\nbody\r\n'),
}
const yes = async () => true

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function start(
  script: Script,
  url = '',
  options: SmtpPoolOptions = {},
): Promise<{ server: ScriptedServer; channel: SmtpPool }> {
  const server = await startScripted(script, url)
  const channel = openSmtpPool(server.url, options)
  ending.push(async () => {
    await channel.close()
    await server.close()
  })
  return { server, channel }
}

async function send(channel: SmtpPool): Promise<string> {
  const slot = await channel.acquire({})
  const { kind } = await slot.handOver(mail, yes)
  slot.release()
  return kind
}

async function refusal(promise: Promise<unknown>): Promise<ChannelUnavailable> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChannelUnavailable)) throw new Error('not refused', { cause: error })
  return error
}

describe('a slot', () => {
  test('is a connection that has been greeted before anything is handed over', async () => {
    const { server, channel } = await start({})
    const slot = await channel.acquire({})
    expect(server.connections[0]?.commands).toEqual([expect.stringMatching(/^EHLO /)])
    slot.release()
  })

  test('is used once', async () => {
    const { server, channel } = await start({})
    const slot = await channel.acquire({})
    expect((await slot.handOver(mail, yes)).kind).toBe('accepted')
    expect((await slot.handOver(mail, yes)).kind).toBe('not-handed-over')
    slot.release()
    slot.release()
    expect((await slot.handOver(mail, yes)).kind).toBe('not-handed-over')
    expect(server.connections[0]?.commands.filter((c) => c.startsWith('MAIL'))).toHaveLength(1)
  })

  test('callers get slots in the order of their requests, and never more than there are', async () => {
    const { server, channel } = await start({}, '?maxConnections=2')
    const held = [await channel.acquire({}), await channel.acquire({})]
    const order: number[] = []
    const waiting = [1, 2, 3].map(async (who) => {
      const slot = await channel.acquire({})
      order.push(who)
      slot.release()
    })
    for (const slot of held) slot.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
    expect(server.connections).toHaveLength(2)
  })

  test('waiting ends with the signal, and the place is not lost', async () => {
    const { channel } = await start({}, '?maxConnections=1')
    const held = await channel.acquire({})
    const abort = new AbortController()
    const waiting = channel.acquire({ signal: abort.signal })
    abort.abort(new Error('worker shuts down'))
    held.release()
    await expect(waiting).rejects.toThrow('worker shuts down')
    expect(await send(channel)).toBe('accepted')
  })

  test('waiting ends after a time', async () => {
    const { channel } = await start({}, '?maxConnections=1', { acquireTimeout: 100 })
    const held = await channel.acquire({})
    expect(await refusal(channel.acquire({}))).toMatchObject({ code: 'timed-out' })
    held.release()
  })
})

describe('a connection', () => {
  test('is used again', async () => {
    const { server, channel } = await start({})
    expect([await send(channel), await send(channel)]).toEqual(['accepted', 'accepted'])
    expect(server.connections).toHaveLength(1)
  })

  test('is asked whether it is alive when it has not been heard of for a while', async () => {
    const { server, channel } = await start({}, '', { freshFor: 0 })
    await send(channel)
    await send(channel)
    expect(server.connections).toHaveLength(1)
    expect(server.connections[0]?.commands).toContain('RSET')
  })

  test('found dead is replaced before anything is handed over', async () => {
    const { server, channel } = await start({ rset: drop }, '', { freshFor: 0 })
    expect([await send(channel), await send(channel)]).toEqual(['accepted', 'accepted'])
    expect(server.connections).toHaveLength(2)
  })

  test('that does not answer whether it is alive is replaced', async () => {
    const { server, channel } = await start({ rset: silence }, '', {
      freshFor: 0,
      timeouts: { greeting: 100 },
    })
    expect([await send(channel), await send(channel)]).toEqual(['accepted', 'accepted'])
    expect(server.connections).toHaveLength(2)
  })

  test('ended by the server while idle is replaced', async () => {
    const { server, channel } = await start({})
    await send(channel)
    const [first] = server.connections
    first?.socket.end()
    await first?.closed
    expect(await send(channel)).toBe('accepted')
    expect(server.connections).toHaveLength(2)
  })

  test('is cleared of a refused transaction before the next', async () => {
    const { server, channel } = await start({ rcpt: '550 no' })
    expect([await send(channel), await send(channel)]).toEqual(['refused', 'refused'])
    const commands = server.connections[0]?.commands.map((c) => c.slice(0, 4))
    expect(commands).toEqual(['EHLO', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT'])
  })

  test('is not used again after an outcome that is not known', async () => {
    const { server, channel } = await start({ bodyEnds: silence }, '', { timeouts: { reply: 100 } })
    expect([await send(channel), await send(channel)]).toEqual(['unknown', 'unknown'])
    expect(server.connections).toHaveLength(2)
  })

  test('is closed politely when it has been idle', async () => {
    const { server, channel } = await start({}, '', { idleTimeout: 20 })
    await send(channel)
    await server.connections[0]?.closed
    expect(server.connections[0]?.commands.at(-1)).toBe('QUIT')
    expect(await send(channel)).toBe('accepted')
  })

  test('is exchanged after a number of mails', async () => {
    const { server, channel } = await start({}, '', { mailsPerConnection: 2 })
    for (let i = 0; i < 5; i++) expect(await send(channel)).toBe('accepted')
    expect(server.connections).toHaveLength(3)
  })
})

describe('the server cannot be had', () => {
  test.each([
    ['drops before its greeting', { greeting: drop }, 'connection-failed'],
    ['greets with a refusal', { greeting: '554 go away shopper@example.org' }, 'connection-failed'],
    ['drops at EHLO', { ehlo: drop }, 'connection-failed'],
    ['never greets', { greeting: silence }, 'timed-out'],
    ['never answers EHLO', { ehlo: silence }, 'timed-out'],
  ] as const)('%s: typed, to be tried again, and the place is not lost', async (_, script, code) => {
    const timeouts = { connect: 200, greeting: 200, open: 300 }
    const { channel } = await start(script, '?maxConnections=1', { timeouts })
    for (let i = 0; i < 2; i++) {
      const error = await refusal(channel.acquire({}))
      expect(error).toMatchObject({ code })
      expect(error.message).not.toContain('@')
    }
  })

  test('no server listens', async () => {
    const { server, channel } = await start({})
    await server.close()
    const error = await refusal(channel.acquire({}))
    expect(error).toMatchObject({
      code: 'connection-failed',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('closing', () => {
  test('waits for slots in use, refuses those waiting and all later ones', async () => {
    const { server, channel } = await start({}, '?maxConnections=1')
    const held = await channel.acquire({})
    const waiting = refusal(channel.acquire({}))
    const done = vi.fn()
    const closing = channel.close().then(done)
    expect(await waiting).toMatchObject({ code: 'closed' })
    expect(await refusal(channel.acquire({}))).toMatchObject({ code: 'closed' })
    expect(done).not.toHaveBeenCalled()
    expect((await held.handOver(mail, yes)).kind).toBe('accepted')
    held.release()
    await closing
    await server.connections[0]?.closed
  })
})

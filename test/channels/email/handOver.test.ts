import { afterEach, describe, expect, test } from 'vitest'
import type { Mail } from '../../../channels/email/compose.ts'
import { openSmtpPool, type SmtpPoolOptions } from '../../../channels/email/pool.ts'
import type { HandOverOutcome } from '../../../domain/delivery/outcome.ts'
import { type Deed, drop, type Script, type Scripted, silence, startScripted } from './scriptedServer.ts'

const mail: Mail = {
  providerId: '<1@example.com>',
  envelope: { from: 'shop@example.com', to: 'shopper@example.org' },
  mime: Buffer.from(`Subject: hello\r\n\r\n${'body line\r\n'.repeat(5)}`),
}
const bigMail: Mail = {
  ...mail,
  mime: Buffer.from(`Subject: big\r\n\r\n${'x'.repeat(98)}\r\n`.repeat(40_000)),
}

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

type Seen = { outcome: HandOverOutcome; asked: number; connection: Scripted }

/** One hand-over to a server that follows the script. */
async function handOver(
  script: Script,
  how: {
    mail?: Mail
    options?: SmtpPoolOptions
    url?: string
    beforeBody?: (connection: Scripted) => Promise<boolean>
  } = {},
): Promise<Seen> {
  const server = await startScripted(script, how.url)
  const channel = openSmtpPool(server.url, how.options)
  ending.push(async () => {
    await channel.close()
    await server.close()
  })
  const slot = await channel.acquire({})
  const [connection] = server.connections
  if (!connection) throw new Error('no connection')
  let asked = 0
  const outcome = await slot.handOver(how.mail ?? mail, async () => {
    asked++
    return how.beforeBody ? how.beforeBody(connection) : true
  })
  slot.release()
  return { outcome, asked, connection }
}

/** EHLO answered with an extension. */
const pipelining: Deed = ({ reply }) => reply('250-scripted\r\n250 PIPELINING')
const quick: SmtpPoolOptions = { timeouts: { reply: 300, handOver: 300 } }

describe('complete replies of the server', () => {
  test('a 250 after the body is accepted, with its words', async () => {
    const { outcome, asked, connection } = await handOver({ bodyEnds: '250 2.0.0 Ok: queued as 4711' })
    expect(outcome).toEqual({
      kind: 'accepted',
      answer: { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 4711' },
    })
    expect(asked).toBe(1)
    expect(connection.body).toContain('body line')
  })

  test('a 250 counts even if the connection is dropped at once after it', async () => {
    const { outcome } = await handOver({
      bodyEnds: ({ socket }) => void socket.end('250 queued\r\n', () => socket.destroy()),
    })
    expect(outcome.kind).toBe('accepted')
  })

  test.each([
    ['MAIL', { mail: '550 5.7.1 no' }, 'sender', true],
    ['MAIL', { mail: '451 4.3.0 later' }, 'sender', false],
    ['RCPT', { rcpt: '550 5.1.1 no' }, 'recipient', true],
    ['RCPT', { rcpt: '450 4.2.1 later' }, 'recipient', false],
    ['DATA', { data: '554 5.5.1 no' }, 'data', true],
    ['DATA', { data: '421 4.3.2 going down' }, 'data', false],
  ] as const)(
    'a refusal at %s (%o) never asks beforeBody and sends no body',
    async (_, script, stage, permanent) => {
      for (const ehlo of ['250 scripted', pipelining]) {
        const { outcome, asked, connection } = await handOver({ ehlo, ...script })
        expect(outcome).toMatchObject({ kind: 'refused', permanent, answer: { stage } })
        expect(asked).toBe(0)
        expect(connection.body).toBe('')
      }
    },
  )

  test.each([
    ['554 5.7.1 spam', true],
    ['452 4.3.1 full', false],
  ])('a refusal after the body (%s) is a refusal', async (reply, permanent) => {
    const { outcome, asked } = await handOver({ bodyEnds: reply })
    expect(outcome).toMatchObject({ kind: 'refused', permanent, answer: { stage: 'body' } })
    expect(asked).toBe(1)
  })

  test('a server that accepts DATA after refusing the only recipient gets no body', async () => {
    const { outcome, asked } = await handOver({
      ehlo: pipelining,
      rcpt: '550 5.1.1 unknown',
      data: '354 go on',
      bodyEnds: '554 no recipients',
    })
    expect(outcome).toMatchObject({ kind: 'refused', permanent: true, answer: { stage: 'recipient' } })
    expect(asked).toBe(0)
  })

  test('no address is in the answer, in whatever way the server wrote it', async () => {
    const { outcome } = await handOver({
      rcpt: '550-5.1.1 <Shopper@example.org>: Recipient rejected\r\n550 5.1.1 user shopper unknown at example',
    })
    if (outcome.kind !== 'refused') throw new Error(outcome.kind)
    expect(outcome.answer).toEqual({
      code: 550,
      enhanced: '5.1.1',
      text: '<***>: Recipient rejected user *** unknown at example',
      stage: 'recipient',
    })
  })
})

describe('lost before the body', () => {
  test.each([
    ['after MAIL', { mail: drop }],
    ['after RCPT', { rcpt: drop }],
    ['after DATA, before 354', { data: drop }],
    [
      'in the middle of the reply to RCPT',
      {
        rcpt: ({ socket }: Scripted) => {
          socket.end('55')
        },
      },
    ],
  ] as const)('%s: it may be repeated', async (_, script) => {
    for (const ehlo of ['250 scripted', pipelining]) {
      const { outcome, asked, connection } = await handOver({ ehlo, ...script })
      expect(outcome.kind).toBe('not-handed-over')
      expect(asked).toBe(0)
      expect(connection.body).toBe('')
    }
  })

  test.each([
    ['MAIL', { mail: silence }],
    ['DATA', { data: silence }],
  ] as const)('no answer to %s within the time: it may be repeated', async (_, script) => {
    const { outcome, asked } = await handOver(script, { options: quick })
    expect(outcome.kind).toBe('not-handed-over')
    expect(asked).toBe(0)
  })

  test('an answer to DATA other than 354 is no invitation', async () => {
    const { outcome, asked, connection } = await handOver({ data: '250 ok' })
    expect(outcome.kind).toBe('not-handed-over')
    expect(asked).toBe(0)
    expect(connection.body).toBe('')
  })

  test('nothing is asked and no byte flows until 354, however long the server takes', async () => {
    const reached = Promise.withResolvers<Scripted>()
    const server = await startScripted({ data: (connection) => reached.resolve(connection) })
    const channel = openSmtpPool(server.url)
    ending.push(async () => {
      await channel.close()
      await server.close()
    })
    const slot = await channel.acquire({})
    let asked = 0
    const pending = slot.handOver(bigMail, async () => {
      asked++
      return false
    })
    const connection = await reached.promise
    // A round trip of another connection: whatever was on its way has arrived by then.
    const other = await channel.acquire({})
    other.release()
    const sentSoFar = connection.socket.bytesRead
    const said = connection.commands.join('\r\n').length + 2
    expect(asked).toBe(0)
    expect(sentSoFar).toBe(said)
    connection.reply('354 now')
    expect(await pending).toEqual({ kind: 'forestalled' })
    expect(asked).toBe(1)
    slot.release()
    await connection.closed
    expect(connection.socket.bytesRead).toBe(said)
  })
})

describe('the gate', () => {
  test('when beforeBody says no, the connection is dropped and no byte flowed', async () => {
    const { outcome, connection } = await handOver({}, { beforeBody: async () => false })
    expect(outcome).toEqual({ kind: 'forestalled' })
    await connection.closed
    expect(connection.body).toBe('')
    expect(connection.commands.at(-1)).toBe('DATA')
  })

  test('when beforeBody fails, nothing flowed and it may be repeated', async () => {
    const { outcome, connection } = await handOver(
      {},
      { beforeBody: () => Promise.reject(new Error('no database')) },
    )
    expect(outcome).toEqual({ kind: 'not-handed-over', cause: 'beforeBody failed' })
    await connection.closed
    expect(connection.body).toBe('')
  })

  test('lost while beforeBody is being asked: its answer is awaited, and no byte flows after it', async () => {
    let committed = false
    const { outcome, connection } = await handOver(
      {},
      {
        beforeBody: async ({ socket, closed }) => {
          socket.end()
          await closed
          committed = true
          return true
        },
      },
    )
    expect(committed).toBe(true)
    expect(outcome.kind).toBe('not-handed-over')
    expect(connection.body).toBe('')
  })

  test('a beforeBody that outlasts the hand-over lets nothing flow', async () => {
    const { outcome, connection } = await handOver(
      {},
      {
        options: quick,
        beforeBody: async ({ closed }) => {
          await closed
          return true
        },
      },
    )
    expect(outcome.kind).toBe('not-handed-over')
    expect(connection.body).toBe('')
  })

  test('a 421 while beforeBody is being asked is a refusal, not to be followed by a body', async () => {
    const { outcome, connection } = await handOver(
      {},
      {
        beforeBody: async ({ reply, closed }) => {
          reply('421 4.4.2 idle too long')
          await closed
          return true
        },
      },
    )
    expect(outcome).toMatchObject({ kind: 'refused', permanent: false, answer: { stage: 'data' } })
    expect(connection.body).toBe('')
  })
})

describe('once body bytes began to flow', () => {
  test.each([
    ['at their beginning', { bodyBegins: drop }],
    ['after the final dot', { bodyEnds: drop }],
    [
      'in the middle of the reply',
      {
        bodyEnds: ({ socket }: Scripted) => {
          socket.end('25')
        },
      },
    ],
    [
      'in the middle of a refusal',
      {
        bodyEnds: ({ socket }: Scripted) => {
          socket.end('550 5.7')
        },
      },
    ],
    ['with an answer that is none', { bodyEnds: '354 what?' }],
  ] as const)('a connection lost %s leaves it unknown', async (_, script) => {
    const { outcome, asked } = await handOver(script)
    expect(outcome.kind).toBe('unknown')
    expect(asked).toBe(1)
  })

  test('a connection lost in the middle of the body leaves it unknown', async () => {
    const { outcome, asked, connection } = await handOver({ bodyBegins: drop }, { mail: bigMail })
    expect(outcome.kind).toBe('unknown')
    expect(asked).toBe(1)
    expect(connection.body).not.toContain('\r\n.\r\n')
  })

  test('an answer later than the time leaves it unknown', async () => {
    const { outcome, asked } = await handOver({ bodyEnds: silence }, { options: quick })
    expect(outcome.kind).toBe('unknown')
    expect(asked).toBe(1)
  })

  test('a yes before the server had the body is no yes', async () => {
    const { outcome } = await handOver(
      {
        bodyBegins: ({ reply, socket }) => {
          socket.pause()
          reply('250 sure')
        },
      },
      { mail: bigMail },
    )
    expect(outcome.kind).toBe('unknown')
  })
})

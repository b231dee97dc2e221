/**
 * An SMTP server that does exactly what a script says, for the conversations no honest server has: it greets, answers
 * each command from a table, and may drop the connection at any point. Real sockets on 127.0.0.1.
 */
import net from 'node:net'

/** A reply to write, or what else to do with the connection. */
export type Deed = string | ((connection: Scripted) => void)

/** One connection of the server. */
export type Scripted = {
  readonly socket: net.Socket
  /** Commands received, in order, without line ends. */
  readonly commands: string[]
  /** Body bytes received after 354. */
  body: string
  readonly closed: Promise<void>
  reply(text: string): void
}

export type Script = {
  greeting?: Deed
  ehlo?: Deed
  mail?: Deed
  rcpt?: Deed
  data?: Deed
  rset?: Deed
  /** On the first body bytes. */
  bodyBegins?: Deed
  /** After the final dot. */
  bodyEnds?: Deed
}

export const drop: Deed = ({ socket }) => socket.destroy()
export const silence: Deed = () => {}

export type ScriptedServer = {
  readonly url: string
  readonly connections: Scripted[]
  close(): Promise<void>
}

export async function startScripted(script: Script, options = ''): Promise<ScriptedServer> {
  const connections: Scripted[] = []
  const server = net.createServer((socket) => connections.push(converse(socket, script)))
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `smtp://127.0.0.1:${address.port}${options}`,
    connections,
    async close() {
      for (const { socket } of connections) socket.destroy()
      const done = Promise.withResolvers<void>()
      server.close(() => done.resolve())
      await done.promise
    },
  }
}

function converse(socket: net.Socket, script: Script): Scripted {
  const gone = Promise.withResolvers<void>()
  socket.on('error', () => {})
  socket.on('close', () => gone.resolve())
  const connection: Scripted = {
    socket,
    commands: [],
    body: '',
    closed: gone.promise,
    reply: (text) => void socket.write(`${text}\r\n`),
  }
  const act = (deed: Deed | undefined, usual: string) => {
    if (typeof deed === 'function') deed(connection)
    else connection.reply(deed ?? usual)
  }
  let pending = ''
  let inBody = false
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    pending += chunk
    if (inBody) takeBody()
    while (!inBody && pending.includes('\r\n')) {
      const end = pending.indexOf('\r\n')
      const command = pending.slice(0, end)
      pending = pending.slice(end + 2)
      connection.commands.push(command)
      answer(command)
    }
  })
  act(script.greeting, '220 scripted')
  return connection

  function takeBody(): void {
    const first = connection.body === ''
    connection.body += pending
    pending = ''
    if (first) act(script.bodyBegins ?? silence, '')
    if (`\r\n${connection.body}`.endsWith('\r\n.\r\n')) {
      inBody = false
      act(script.bodyEnds, '250 2.0.0 queued')
    }
  }

  function answer(command: string): void {
    const verb = command.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') act(script.ehlo, '250 scripted')
    else if (verb === 'MAIL') act(script.mail, '250 ok')
    else if (verb === 'RCPT') act(script.rcpt, '250 ok')
    else if (verb === 'RSET') act(script.rset, '250 ok')
    else if (verb === 'QUIT') socket.end('221 bye\r\n')
    else if (verb === 'DATA') {
      const usual = refusesRecipient(script) ? '503 5.5.1 no recipient' : '354 go on'
      inBody =
        (script.data === undefined || typeof script.data === 'string') &&
        (script.data ?? usual).startsWith('354')
      act(script.data, usual)
    } else connection.reply('500 unknown')
  }
}

function refusesRecipient({ mail, rcpt }: Script): boolean {
  return [mail, rcpt].some((deed) => typeof deed === 'string' && !deed.startsWith('2'))
}

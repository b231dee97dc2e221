/**
 * An SMTP server that keeps the mail, and for a recipient does what a test told it to: refuses, drops the connection, or holds
 * still, at any point of the conversation. What it was told is used up, a conduct a conversation; then it is a good server again.
 * Real sockets on 127.0.0.1.
 */
import net from 'node:net'

/** What happens to one conversation about one recipient. */
export type Conduct =
  /** Answers the command, or the whole body, with this reply. */
  | { at: 'recipient' | 'data' | 'body'; reply: string }
  /** Drops the connection: instead of inviting the body, on its first bytes, or once it is whole. */
  | { at: 'before-body' | 'in-body' | 'after-body'; drop: true }
  /** Says nothing more once the first bytes of the body are there, or once it is whole, until `release`. */
  | { at: 'in-body' | 'after-body'; hold: true }

export type Letter = {
  /** Whole, as it came over the wire, up to and without the final dot. */
  source: string
  /** Whether the server said yes to it. */
  accepted: boolean
}

type Conversation = {
  socket: net.Socket
  recipient: string
  conduct: Conduct | null
  body: string
  inBody: boolean
}

export class SmtpServer {
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  readonly #plans = new Map<string, Conduct[]>()
  readonly #begun = new Map<string, number>()
  readonly #letters = new Map<string, Letter[]>()
  readonly #held: { recipient: string; release: () => void }[] = []

  private constructor() {
    this.#server = net.createServer((socket) => this.#converse(socket))
  }

  static async start(): Promise<SmtpServer> {
    const smtp = new SmtpServer()
    await new Promise<void>((resolve) => smtp.#server.listen(0, '127.0.0.1', resolve))
    return smtp
  }

  /** For SMTP_URL. */
  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    return `smtp://127.0.0.1:${address.port}`
  }

  /** What the next conversations about this recipient are like, one after the other. */
  plan(recipient: string, ...conducts: Conduct[]): void {
    this.#plans.set(recipient, [...(this.#plans.get(recipient) ?? []), ...conducts])
  }

  /** How often a body for this recipient began to flow: hand-overs, whatever came of them. */
  bodiesBegun(recipient: string): number {
    return this.#begun.get(recipient) ?? 0
  }

  /** The whole mails for this recipient, answered or not: what a person would find in the mailbox. */
  letters(recipient: string): readonly Letter[] {
    return this.#letters.get(recipient) ?? []
  }

  /** Whether it holds a conversation about this recipient now. */
  holds(recipient: string): boolean {
    return this.#held.some((one) => one.recipient === recipient)
  }

  /** Lets a held conversation go on as with a good server. */
  release(recipient: string): void {
    const at = this.#held.findIndex((one) => one.recipient === recipient)
    const [held] = at < 0 ? [] : this.#held.splice(at, 1)
    if (held === undefined) throw new Error('nothing is held for this recipient')
    held.release()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #converse(socket: net.Socket): void {
    const talk: Conversation = { socket, recipient: '', conduct: null, body: '', inBody: false }
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.setEncoding('latin1')
    let pending = ''
    socket.on('data', (chunk: string) => {
      pending += chunk
      while (pending !== '') {
        if (talk.inBody) {
          const more = pending
          pending = ''
          this.#takeBody(talk, more)
          continue
        }
        const end = pending.indexOf('\r\n')
        if (end < 0) return
        const command = pending.slice(0, end)
        pending = pending.slice(end + 2)
        this.#answer(talk, command)
      }
    })
    socket.write('220 test\r\n')
  }

  #answer(talk: Conversation, command: string): void {
    const { socket } = talk
    switch (command.slice(0, 4).toUpperCase()) {
      case 'RCPT':
        talk.recipient = /<([^>]*)>/.exec(command)?.[1] ?? ''
        talk.conduct = this.#plans.get(talk.recipient)?.shift() ?? null
        socket.write(`${talk.conduct?.at === 'recipient' ? talk.conduct.reply : '250 ok'}\r\n`)
        return
      case 'DATA':
        if (talk.conduct?.at === 'before-body') socket.destroy()
        else if (talk.conduct?.at === 'data') socket.write(`${talk.conduct.reply}\r\n`)
        else {
          talk.inBody = true
          talk.body = ''
          socket.write('354 go on\r\n')
        }
        return
      case 'QUIT':
        socket.end('221 bye\r\n')
        return
      default:
        socket.write('250 ok\r\n')
    }
  }

  #takeBody(talk: Conversation, more: string): void {
    const { conduct, recipient } = talk
    const first = talk.body === ''
    talk.body += more
    if (first) {
      this.#begun.set(recipient, this.bodiesBegun(recipient) + 1)
      if (conduct?.at === 'in-body') {
        if ('drop' in conduct) talk.socket.destroy()
        else this.#hold(talk, () => this.#takeEnd(talk))
        return
      }
    }
    if (conduct?.at !== 'in-body') this.#takeEnd(talk)
  }

  #takeEnd(talk: Conversation): void {
    const { conduct, recipient, socket } = talk
    const whole = /^([\s\S]*?)\r\n\.\r\n$/.exec(`\r\n${talk.body}`)
    if (whole === null) return
    talk.inBody = false
    const refusal = conduct?.at === 'body' ? conduct.reply : null
    if (refusal !== null) {
      socket.write(`${refusal}\r\n`)
      return
    }
    const letter: Letter = { source: (whole[1] ?? '').slice(2), accepted: false }
    this.#letters.set(recipient, [...this.letters(recipient), letter])
    const accept = () => {
      letter.accepted = true
      socket.write('250 2.0.0 queued\r\n')
    }
    if (conduct?.at !== 'after-body') accept()
    else if ('drop' in conduct) socket.destroy()
    else this.#hold(talk, accept)
  }

  #hold(talk: Conversation, then: () => void): void {
    this.#held.push({ recipient: talk.recipient, release: then })
    talk.socket.on('close', () => {
      const at = this.#held.findIndex((one) => one.release === then)
      if (at >= 0) this.#held.splice(at, 1)
    })
  }
}

/** A mail server that throws every mail away and says whom it was for: fast, so that neither side waits for it. */
import { SMTPServer } from 'smtp-server'

export type Sink = {
  /** For SMTP_URL. */
  url: string
  /** Resolves with the next mail to this address. Ask before it is sent. */
  next(address: string): Promise<void>
  /** Mails received so far. */
  received(): number
  close(): Promise<void>
}

export async function startSink(): Promise<Sink> {
  const waiting = new Map<string, () => void>()
  let received = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      // The session forgets its envelope once the mail is done.
      const { rcptTo } = session.envelope
      stream.resume()
      stream.once('end', () => {
        received++
        done(null)
        for (const { address } of rcptTo) {
          const told = waiting.get(address)
          waiting.delete(address)
          told?.()
        }
      })
    },
  })
  // A worker that is stopped leaves its connections as they are.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('the mail sink has no port')
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    next: (to) => new Promise((resolve) => waiting.set(to, resolve)),
    received: () => received,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** smtp-server on 127.0.0.1, keeping what it receives. */
import { buffer } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type Received = { readonly from: string; readonly to: readonly string[]; readonly source: Buffer }

export type RealServer = {
  readonly port: number
  readonly received: Received[]
  close(): Promise<void>
}

export async function startReal(options: SMTPServerOptions = {}): Promise<RealServer> {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    disableReverseLookup: true,
    onData(stream, session, done) {
      buffer(stream).then((source) => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map((to) => to.address), source })
        done(null)
      }, done)
    },
    ...options,
  })
  server.on('error', () => {})
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', () => listening.resolve())
  await listening.promise
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    received,
    async close() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      await closed.promise
    },
  }
}

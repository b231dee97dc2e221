/**
 * A stand-in for Twilio's Messages API. Senders use it as they use Twilio (`POST /2010-04-01/Accounts/{sid}/Messages.json`
 * with basic authentication); people and tests look at what was sent and play the telephone network:
 *
 * - `GET /messages?to=` what was sent, oldest first
 * - `POST /inbound` `{ from, to, body }` somebody answers: posted to the inbound address
 * - `POST /messages/{sid}/status` `{ status, errorCode? }` the network reports: posted to the message's StatusCallback
 *
 * Both posts carry Twilio's signature; their answer says what the application said. Nothing happens by itself, and
 * messages are kept in memory only.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request } from 'express'
import { z } from 'zod'
import { callBack } from './callback.ts'
import { asResource, newSid, type SandboxMessage, statusShape } from './message.ts'
import { notAuthenticated, notFound, refusalOf, refuse } from './refusal.ts'

export interface SandboxOptions {
  /** 0 picks a free one. */
  readonly port: number
  readonly accountSid: string
  readonly authToken: string
  /** Where inbound messages are posted, as it would be set up with Twilio for the number. */
  readonly inboundUrl: string
}

export interface SmsSandbox {
  readonly api: string
  close(): Promise<void>
}

const wishShape = z.object({
  To: z.string().optional(),
  From: z.string().optional(),
  Body: z.string().optional(),
  MessagingServiceSid: z.string().optional(),
  StatusCallback: z.url().optional(),
})
const inboundShape = z.object({ from: z.string(), to: z.string(), body: z.string() })
const reportShape = z.object({ status: statusShape, errorCode: z.number().int().optional() })

/** Starts listening on 127.0.0.1. */
export async function startSmsSandbox(options: SandboxOptions): Promise<SmsSandbox> {
  const server = createServer(sandboxApp(options))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, '127.0.0.1', resolve)
  await promise
  const { port }: AddressInfo = addressOf(server.address())
  return {
    api: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
    },
  }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string')
    throw new Error('the sandbox does not listen on a port')
  return address
}

function isAuthentic(request: Request, { accountSid, authToken }: SandboxOptions): boolean {
  const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64')
  return request.get('authorization') === `Basic ${credentials}`
}

function sandboxApp(options: SandboxOptions): Express {
  const { accountSid, authToken } = options
  const messages = new Map<string, SandboxMessage>()
  const app = express()
  app.disable('x-powered-by')

  app.use('/2010-04-01', (request, response, next) => {
    if (isAuthentic(request, options)) next()
    else refuse(response, notAuthenticated)
  })

  app.post(
    '/2010-04-01/Accounts/:account/Messages.json',
    express.urlencoded({ extended: false }),
    (request, response) => {
      if (request.params.account !== accountSid) return refuse(response, notFound(request.path))
      const parsed = wishShape.safeParse(request.body)
      if (!parsed.success)
        return refuse(response, { status: 400, code: 21609, message: "Invalid 'StatusCallback' URL" })
      const { To: to, From: from, Body: body, MessagingServiceSid: messagingServiceSid } = parsed.data
      const refusal = refusalOf({ to, from, body, messagingServiceSid })
      if (refusal !== undefined) return refuse(response, refusal)
      const message: SandboxMessage = {
        sid: newSid(),
        from: from ?? null,
        to: to ?? '',
        body: body ?? '',
        messagingServiceSid: messagingServiceSid ?? null,
        statusCallback: parsed.data.StatusCallback ?? null,
        createdAt: new Date().toISOString(),
        status: 'queued',
        errorCode: null,
      }
      messages.set(message.sid, message)
      response.status(201).json(asResource(message, accountSid))
    },
  )

  app.get('/2010-04-01/Accounts/:account/Messages/:sid.json', (request, response) => {
    const message = messages.get(request.params.sid)
    if (message === undefined || request.params.account !== accountSid)
      return refuse(response, notFound(request.path))
    response.json(asResource(message, accountSid))
  })

  app.get('/messages', (request, response) => {
    const { to } = request.query
    const all = [...messages.values()]
    // An unescaped plus sign arrives as a space.
    response.json(
      typeof to === 'string' ? all.filter((message) => message.to === to.replace(/^ /, '+')) : all,
    )
  })

  app.post('/inbound', express.json(), async (request, response) => {
    const parsed = inboundShape.safeParse(request.body)
    if (!parsed.success) return void response.status(400).json({ message: z.prettifyError(parsed.error) })
    const sid = newSid()
    const { from, to, body } = parsed.data
    const callback = await callBack(authToken, options.inboundUrl, {
      MessageSid: sid,
      SmsSid: sid,
      SmsMessageSid: sid,
      SmsStatus: 'received',
      AccountSid: accountSid,
      From: from,
      To: to,
      Body: body,
      NumMedia: '0',
      NumSegments: '1',
      ApiVersion: '2010-04-01',
    })
    response.status(callback.status === null ? 502 : 200).json({ sid, callback })
  })

  app.post('/messages/:sid/status', express.json(), async (request, response) => {
    const parsed = reportShape.safeParse(request.body)
    if (!parsed.success) return void response.status(400).json({ message: z.prettifyError(parsed.error) })
    const message = messages.get(String(request.params.sid))
    if (message === undefined) return void response.status(404).json({ message: 'There is no such message.' })
    const { status, errorCode } = parsed.data
    messages.set(message.sid, { ...message, status, errorCode: errorCode ?? null })
    if (message.statusCallback === null) return void response.json({ sid: message.sid, callback: null })
    const callback = await callBack(authToken, message.statusCallback, {
      MessageSid: message.sid,
      SmsSid: message.sid,
      MessageStatus: status,
      SmsStatus: status,
      AccountSid: accountSid,
      From: message.from ?? '',
      To: message.to,
      ApiVersion: '2010-04-01',
      ...(errorCode === undefined ? {} : { ErrorCode: String(errorCode) }),
    })
    response.status(callback.status === null ? 502 : 200).json({ sid: message.sid, callback })
  })

  return app
}

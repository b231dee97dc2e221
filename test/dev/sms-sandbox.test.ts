import { createServer, type Server } from 'node:http'
import twilio from 'twilio'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SmsSandbox, startSmsSandbox } from '../../dev/sms-sandbox/sandbox.ts'
import { listen } from './listen.ts'

const accountSid = `AC${'0'.repeat(32)}`
const authToken = 'a token only the two of us know'

interface Heard {
  readonly path: string
  readonly signature: string
  readonly fields: Record<string, string>
}

let sandbox: SmsSandbox
let application: Server
let base: string
let heard: Heard[]
let answerWith: number

beforeEach(async () => {
  heard = []
  answerWith = 204
  application = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      heard.push({
        path: request.url ?? '',
        signature: String(request.headers['x-twilio-signature']),
        fields: Object.fromEntries(new URLSearchParams(body)),
      })
      response.writeHead(answerWith).end()
    })
  })
  base = await listen(application)
  sandbox = await startSmsSandbox({ port: 0, accountSid, authToken, inboundUrl: `${base}/inbound` })
})

afterEach(async () => {
  await sandbox.close()
  application.close()
})

/** Twilio's own client, sent to the sandbox. */
function client(token = authToken): twilio.Twilio {
  const http = new twilio.RequestClient()
  const request = http.request.bind(http)
  http.request = (options) =>
    request({ ...options, uri: options.uri.replace('https://api.twilio.com', sandbox.api) })
  return twilio(accountSid, token, { httpClient: http })
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${sandbox.api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

const to = '+491700000001'
const from = '+491700000002'

test("Twilio's client sends a message, gets it back queued, and can fetch it", async () => {
  const sent = await client().messages.create({ to, from, body: 'Grüße' })
  expect(sent.sid).toMatch(/^SM[0-9a-f]{32}$/)
  expect(sent).toMatchObject({ status: 'queued', to, from, body: 'Grüße', numSegments: '1', errorCode: null })
  expect((await client().messages(sent.sid).fetch()).sid).toBe(sent.sid)
})

test('what was sent is listed by number', async () => {
  const sent = await client().messages.create({ to, from, body: 'one' })
  await client().messages.create({ to: '+491700000009', from, body: 'two' })
  for (const query of [`?to=${encodeURIComponent(to)}`, `?to=${to}`]) {
    const list: unknown = await (await fetch(`${sandbox.api}/messages${query}`)).json()
    expect(list).toMatchObject([{ sid: sent.sid, to, body: 'one', status: 'queued' }])
  }
  expect(await (await fetch(`${sandbox.api}/messages`)).json()).toHaveLength(2)
})

test.each([
  [{ to: '', from, body: 'x' }, 400, 21604],
  [{ to: '0170 1', from, body: 'x' }, 400, 21211],
  [{ to, body: 'x' }, 400, 21603],
  [{ to, from: '!', body: 'x' }, 400, 21212],
  [{ to, from }, 400, 21602],
  [{ to, from, body: 'x'.repeat(1601) }, 400, 21617],
])('a bad wish is refused as Twilio does: %j', async (wish, status, code) => {
  await expect(client().messages.create(wish)).rejects.toMatchObject({ status, code })
  expect(await (await fetch(`${sandbox.api}/messages`)).json()).toEqual([])
})

test('a wrong token is refused, and nothing is kept', async () => {
  await expect(client('wrong').messages.create({ to, from, body: 'x' })).rejects.toMatchObject({
    status: 401,
    code: 20003,
  })
  expect(await (await fetch(`${sandbox.api}/messages`)).json()).toEqual([])
})

test('a status is reported to the address the sender gave, signed by Twilio’s rules', async () => {
  const statusCallback = `${base}/status?delivery=1`
  const { sid } = await client().messages.create({ to, from, body: 'x', statusCallback })
  const answer = await post(`/messages/${sid}/status`, { status: 'undelivered', errorCode: 30003 })
  expect(await answer.json()).toMatchObject({ sid, callback: { status: 204 } })
  expect(heard).toHaveLength(1)
  expect(heard[0]).toMatchObject({
    path: '/status?delivery=1',
    fields: {
      MessageSid: sid,
      MessageStatus: 'undelivered',
      ErrorCode: '30003',
      To: to,
      AccountSid: accountSid,
    },
  })
  const { signature = '', fields = {} } = heard[0] ?? {}
  expect(twilio.validateRequest(authToken, signature, statusCallback, fields)).toBe(true)
  expect(twilio.validateRequest('another token', signature, statusCallback, fields)).toBe(false)
  expect(await client().messages(sid).fetch()).toMatchObject({ status: 'undelivered', errorCode: 30003 })
})

test('an answer of a person is posted to the inbound address, signed', async () => {
  const answer = await post('/inbound', { from: to, to: from, body: 'STOP' })
  expect(answer.status).toBe(200)
  expect(heard[0]).toMatchObject({ path: '/inbound', fields: { From: to, To: from, Body: 'STOP' } })
  const { signature = '', fields = {} } = heard[0] ?? {}
  expect(twilio.validateRequest(authToken, signature, `${base}/inbound`, fields)).toBe(true)
})

test('what the application says to a callback is passed on, its absence too', async () => {
  answerWith = 403
  expect(await (await post('/inbound', { from: to, to: from, body: 'x' })).json()).toMatchObject({
    callback: { status: 403 },
  })
  application.close()
  application.closeAllConnections()
  expect((await post('/inbound', { from: to, to: from, body: 'x' })).status).toBe(502)
})

test('an unknown message and a malformed report are refused', async () => {
  expect((await post('/messages/SM0/status', { status: 'sent' })).status).toBe(404)
  const { sid } = await client().messages.create({ to, from, body: 'x' })
  expect((await post(`/messages/${sid}/status`, { status: 'lost' })).status).toBe(400)
})

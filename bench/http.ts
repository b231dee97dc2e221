/**
 * A load of HTTP/1.1 requests over kept-alive connections, one at a time on each. The client is as cheap as possible,
 * since the server is measured: requests are prepared bytes; of an answer only the status is read, and its body is
 * skipped by Content-Length.
 */
import { connect, type Socket } from 'node:net'

export type Load = {
  port: number
  requests: readonly Uint8Array[]
  connections: number
  /** Milliseconds. */
  time: number
  /** The expected status; 200 by default. */
  status?: 200 | 202
  /** Each request is sent once only; the load ends with the last, or when its time is over. */
  once?: boolean
}

/**
 * @returns answers a second
 * @throws Error for an answer with another status, or that has no Content-Length
 */
export async function load(wanted: Load): Promise<number> {
  const began = performance.now()
  const until = began + wanted.time
  let next = 0
  const { requests, once = false, status = 200 } = wanted
  const request = () => requests[once ? next++ : next++ % requests.length]
  const counts = await Promise.all(
    Array.from({ length: wanted.connections }, () => oneConnection(wanted.port, request, until, status)),
  )
  const seconds = (performance.now() - began) / 1_000
  return counts.reduce((sum, count) => sum + count, 0) / seconds
}

function oneConnection(
  port: number,
  request: () => Uint8Array | undefined,
  until: number,
  status: number,
): Promise<number> {
  const fine = Buffer.from(`HTTP/1.1 ${status}`)
  const end = () => socket.end(() => resolve(answered))
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let answered = 0
  let read: Buffer = Buffer.alloc(0)
  socket.once('error', reject)
  socket.once('connect', () => {
    if (!ask(socket, request)) end()
  })
  socket.on('data', (chunk) => {
    read = read.length === 0 ? chunk : Buffer.concat([read, chunk])
    const length = lengthOf(read)
    if (length === null || read.length < length) return
    if (!read.subarray(0, 12).equals(fine)) {
      socket.destroy()
      reject(new Error(`the server answered ${read.toString('utf8')}`))
      return
    }
    read = Buffer.alloc(0)
    answered++
    if (performance.now() >= until || !ask(socket, request)) end()
  })
  return promise
}

/** @returns false where there is nothing left to ask */
function ask(socket: Socket, request: () => Uint8Array | undefined): boolean {
  const bytes = request()
  if (bytes === undefined) return false
  socket.write(bytes)
  return true
}

/** Bytes of the whole answer, once its head has come. */
function lengthOf(read: Buffer): number | null {
  const end = read.indexOf('\r\n\r\n')
  if (end < 0) return null
  const length = /\r\ncontent-length: *(\d+)/i.exec(read.toString('latin1', 0, end))?.[1]
  if (length === undefined) throw new Error('an answer without Content-Length')
  return end + 4 + Number(length)
}

/** The bytes of one request. */
export function requestOf(
  method: 'GET' | 'POST',
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Uint8Array {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all = {
    Host: '127.0.0.1',
    ...headers,
    ...(body === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
}

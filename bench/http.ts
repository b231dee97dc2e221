/**
 * A load of HTTP/1.1 requests over kept connections, one at a time on each, as cheap as may be: what is measured is the server.
 * Requests are bytes made beforehand; of an answer only the status is read, and its body counted off by Content-Length.
 */
import { connect, type Socket } from 'node:net'

export type Load = { requests: readonly Uint8Array[]; connections: number; time: number; port: number }

/**
 * @returns answers a second
 * @throws Error for an answer that is not 200, or that has no Content-Length
 */
export async function load(wanted: Load): Promise<number> {
  const began = performance.now()
  const until = began + wanted.time
  let next = 0
  const request = () => wanted.requests[next++ % wanted.requests.length]
  const counts = await Promise.all(
    Array.from({ length: wanted.connections }, () => oneConnection(wanted.port, request, until)),
  )
  const seconds = (performance.now() - began) / 1_000
  return counts.reduce((sum, count) => sum + count, 0) / seconds
}

function oneConnection(port: number, request: () => Uint8Array | undefined, until: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let answered = 0
  let read: Buffer = Buffer.alloc(0)
  socket.once('error', reject)
  socket.once('connect', () => ask(socket, request))
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
    if (performance.now() < until) ask(socket, request)
    else socket.end(() => resolve(answered))
  })
  return promise
}

function ask(socket: Socket, request: () => Uint8Array | undefined): void {
  const bytes = request()
  if (bytes !== undefined) socket.write(bytes)
}

const fine = Buffer.from('HTTP/1.1 200')

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

/**
 * Answers connections that never sent a readable request: too slow, headers too large, not HTTP. Node would answer a
 * bare status. Here it gets a problem document like every other refusal.
 */
import { type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { newId } from '../db/ids.ts'
import { Refusal } from '../domain/refusal.ts'
import { problemOf } from './problems.ts'
import { requestIdHeader } from './requests.ts'

/** @param publicUrl base of the problem's `type` */
export function answerUnreadable(server: Server, publicUrl: string): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The connection is gone, or an answer to an earlier request on it has begun.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    socket.end(answer(refusalOf(error.code), publicUrl))
  })
}

function refusalOf(code: string | undefined): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Refusal(
        'request-timeout',
        'The request did not arrive completely in time. Nothing was changed. Send it again.',
      )
    case 'HPE_HEADER_OVERFLOW':
      return new Refusal(
        'headers-too-large',
        'The headers are larger than 16 KB. Nothing was changed. Send fewer or shorter headers.',
      )
    default:
      return new Refusal('not-http', 'This is not an HTTP/1.1 request. Use an HTTP client.')
  }
}

function answer(refusal: Refusal, publicUrl: string): string {
  const requestId = newId()
  const problem = problemOf(refusal, { publicUrl, requestId })
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${requestIdHeader}: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

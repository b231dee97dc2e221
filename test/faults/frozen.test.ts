/** A database that is frozen, and callers that are slow: requests are answered in time, and processes stop in time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect as openSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { httpServer } from '../../api/serving.ts'
import { type Database, startPassingDatabase } from '../../dev/database.ts'
import { freePorts } from '../../dev/ports.ts'
import { applicationDatabase } from '../../dev/stack/application-database.ts'
import { ApiClient } from '../harness/client.ts'
import { testKeys } from '../harness/keys.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readyShape = z.object({ ready: z.literal(true), port: z.number().optional() })

/** Of its own: all of its processes are stopped here. */
let database: Database
let environment: Record<string, string>
beforeAll(async () => {
  const [port = 0] = await freePorts(1)
  database = await startPassingDatabase({ port, log: join(tmpdir(), `assent-frozen-${process.pid}.log`) })
  const url = await applicationDatabase(database.adminUrl, 'harmless')
  environment = {
    ...testKeys,
    PORT: '0',
    LISTEN_ADDRESS: '127.0.0.1',
    DATABASE_URL: url,
    TEMPORAL_ADDRESS: inject('temporal').address,
    TEMPORAL_TASK_QUEUE: `frozen-${process.pid}`,
    TEMPORAL_WORKFLOW_BUNDLE: inject('bundle'),
    SMTP_URL: inject('mailbox').smtp,
    LOG_LEVEL: 'fatal',
  }
})
afterAll(async () => {
  await database.child.stop()
})

async function start(file: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [message] = await once(child, 'message')
  return { child, port: readyShape.parse(message).port ?? 0 }
}

/** The server's processes: its first one, and what that has started. */
function serverProcesses(): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): [number, number, string][] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const [, command = '', parent = '0'] = /\((.*)\) \S (\d+)/.exec(stat) ?? []
        return [[Number(name), Number(parent), command]]
      } catch {
        return []
      }
    })
  const ours = new Set(database.child.pids)
  for (const [pid, parent] of parents) if (ours.has(parent)) ours.add(pid)
  for (const [pid, parent] of parents) if (ours.has(parent)) ours.add(pid)
  return parents.filter(([pid, , command]) => ours.has(pid) && command === 'postgres').map(([pid]) => pid)
}

const signalAll = (signal: 'SIGSTOP' | 'SIGCONT') => {
  const pids = serverProcesses()
  expect(pids.length).toBeGreaterThan(3)
  for (const pid of pids) process.kill(pid, signal)
}

describe('with the database frozen', () => {
  it('every request is answered 503, and both processes stop in time', { timeout: 180_000 }, async () => {
    const [api, worker] = await Promise.all([start('server.ts'), start('worker.ts')])
    const client = new ApiClient(`http://127.0.0.1:${api.port}`, testKeys.ASSENT_API_KEY)
    expect((await client.call('GET', '/v1/runs')).status).toBe(200)
    signalAll('SIGSTOP')
    try {
      const purpose = { name: 'Service', description: 'Orders', kind: 'transactional' }
      const replies = await Promise.all([
        ...Array.from({ length: 8 }, () => client.call('GET', '/v1/runs')),
        ...Array.from({ length: 20 }, (_, n) => client.call('PUT', `/v1/purposes/p-${n}`, purpose)),
        client.call('POST', '/v1/triggers/order.placed', { contact: { externalId: 'nobody' } }),
      ])
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]))
      for (const { headers } of replies) expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0)
      const page = await fetch(`${client.url}/unsubscribe/${'A'.repeat(43)}`)
      expect(page.status).toBe(503)
      const late = client.call('GET', '/v1/runs').catch(() => null)
      const ended = [api, worker].map(({ child }) => once(child, 'exit'))
      api.child.kill('SIGTERM')
      worker.child.kill('SIGTERM')
      await Promise.all(ended)
      await late
    } finally {
      signalAll('SIGCONT')
      api.child.kill('SIGKILL')
      worker.child.kill('SIGKILL')
    }
  })
})

/** The problem document of a raw HTTP answer. */
const problemIn = (answer: string) => problemShape.parse(JSON.parse(answer.slice(answer.indexOf('{'))))

describe('a caller that is slow', () => {
  it.each([
    ['with its headers', 'POST / HTTP/1.1\r\nHost: a\r\n'],
    ['with its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc'],
  ])('%s is answered 408 and cut off', async (_, text) => {
    const server = httpServer(
      'http://assent.test',
      (request) => {
        request.resume()
      },
      { headers: 300, request: 500, check: 50 },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const socket = openSocket(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.write(text)
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(problemIn(answer)).toMatchObject({ code: 'request-timeout', status: 408 })
    server.close()
  })

  it('that sends too many headers, or no HTTP, gets an error', async () => {
    const server = httpServer('http://assent.test', (_request, response) => response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    for (const [text, status, code] of [
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
      ['nonsense\r\n\r\n', 400, 'not-http'],
    ] as const) {
      const socket = openSocket(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk) => {
        answer += String(chunk)
      })
      socket.write(text)
      await once(socket, 'close')
      expect(problemIn(answer)).toMatchObject({ status, code, requestId: expect.any(String) })
    }
    server.close()
  })
})

import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { freePorts, isFree, PortsError, settlePorts } from '../../dev/ports.ts'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function occupy(port: number): Promise<void> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(port, '127.0.0.1', resolve)
  await promise
  open.push(server)
}

test('PORT=0 gives every part without a port of its own a free one, all different', async () => {
  const [own = 0] = await freePorts(1)
  const ports = await settlePorts({ PORT: '0', SMTP_PORT: String(own) })
  expect(ports.SMTP_PORT).toBe(own)
  expect(new Set(Object.values(ports)).size).toBe(9)
  for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
})

test('a busy port is an error that names the variable to change', async () => {
  const [port = 0] = await freePorts(1)
  await occupy(port)
  await expect(settlePorts({ PORT: '0', MAILBOX_PORT: String(port) })).rejects.toThrow(
    new RegExp(`Port ${port}.* mailbox.* is busy\\. Set MAILBOX_PORT`),
  )
})

test('a busy port of a part that we do not start is no error', async () => {
  const [port = 0] = await freePorts(1)
  await occupy(port)
  const ports = await settlePorts({ PORT: '0', DATABASE_PORT: String(port) }, new Set(['PORT'] as const))
  expect(ports.DATABASE_PORT).toBe(port)
})

test('all errors are reported at once: no number, too large, the same port twice', async () => {
  const [port = 0] = await freePorts(1)
  const wrong = {
    PORT: '0',
    SMTP_PORT: 'smtp',
    SMS_PORT: '65536',
    SHOP_PORT: `${port}`,
    TEMPORAL_PORT: `${port}`,
  }
  const error = await settlePorts(wrong).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(PortsError)
  for (const part of ['SMTP_PORT=smtp', 'SMS_PORT=65536', 'TEMPORAL_PORT and SHOP_PORT are both'])
    expect(String(error)).toContain(part)
})

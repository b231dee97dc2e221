/**
 * The mailbox's process: maildev's SMTP server, web page and REST on 127.0.0.1. Arguments: SMTP port, web port, the
 * folder that keeps the mails, and `passing` if that folder goes at the end. A client that breaks its connection in the
 * midst of a mail must not take the mailbox down, which maildev alone would let happen.
 */
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'

const [smtpPort, webPort, folder, passing] = process.argv.slice(2)
if (smtpPort === undefined || webPort === undefined || folder === undefined)
  throw new Error('usage: process.ts SMTP_PORT WEB_PORT FOLDER [passing]')

process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
process.on('exit', () => {
  if (passing === 'passing') rmSync(folder, { recursive: true, force: true })
})
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  console.error(error)
  if (error.syscall === 'listen') process.exit(1)
})

const start: unknown = createRequire(import.meta.url)('maildev')
if (typeof start !== 'function') throw new Error('maildev is not what it was')
const address = '127.0.0.1'
const server: unknown = start({
  smtp: Number(smtpPort),
  web: Number(webPort),
  ip: address,
  webIp: address,
  mailDirectory: folder,
  silent: true,
})
if (
  typeof server !== 'object' ||
  server === null ||
  !('listen' in server) ||
  typeof server.listen !== 'function'
)
  throw new Error('maildev is not what it was')
await server.listen()

const page = `http://${address}:${webPort}/healthz`
while (
  !(await fetch(page).then(
    (answer) => answer.ok,
    () => false,
  ))
)
  await new Promise((resolve) => setTimeout(resolve, 20))
process.send?.({ ready: true, port: Number(smtpPort) })

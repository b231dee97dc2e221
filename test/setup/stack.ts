/**
 * What the `stack` tests run against, started once a run on free ports: a Postgres with throw-away data, a Temporal server
 * in memory, a mailbox. All end with the run, also with an interrupted one: each part watches this process.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPassingDatabase } from '../../dev/database.ts'
import { startEngine } from '../../dev/engine.ts'
import { startMailbox } from '../../dev/mailbox.ts'
import { freePorts } from '../../dev/ports.ts'
import { prepare } from './prepare.ts'
import { scanHistories } from './scan-histories.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connects as superuser to the database `postgres`. */
    postgres: string
    /** `host:port` of the frontend, and the Web UI's address. */
    temporal: { address: string; ui: string }
    /** For SMTP_URL, and where maildev's REST routes are. */
    mailbox: { smtp: string; api: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const logs = mkdtempSync(join(tmpdir(), 'assent-test-logs-'))
  const [databasePort = 0, port = 0, uiPort = 0, smtpPort = 0, webPort = 0] = await freePorts(5)
  const say = (line: string): void => console.log(`  ${line}`)

  const starting = await Promise.allSettled([
    timed('database', () => startPassingDatabase({ port: databasePort, log: join(logs, 'database.log') })),
    timed('engine', () =>
      startEngine({ port, uiPort, log: join(logs, 'engine.log'), say, removeAtEnd: [logs] }),
    ),
    timed('mailbox', () => startMailbox({ smtpPort, webPort, log: join(logs, 'mailbox.log') })),
  ])
  const children = starting.flatMap((part) => (part.status === 'fulfilled' ? [part.value.child] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
    rmSync(logs, { recursive: true, force: true })
  }

  const [database, engine, mailbox] = starting
  if (database.status === 'rejected' || engine.status === 'rejected' || mailbox.status === 'rejected') {
    await stop()
    const reasons = starting.flatMap((part) => (part.status === 'rejected' ? [part.reason] : []))
    throw new AggregateError(reasons, reasons.map(String).join('\n'))
  }

  const parts = {
    postgres: database.value.adminUrl,
    temporal: { address: engine.value.address, ui: engine.value.ui },
    mailbox: { smtp: mailbox.value.smtp, api: mailbox.value.api },
  }
  project.provide('postgres', parts.postgres)
  project.provide('temporal', parts.temporal)
  project.provide('mailbox', parts.mailbox)
  try {
    await timed('preparation', () => prepare(project, parts))
  } catch (error) {
    await stop()
    throw error
  }

  return async () => {
    try {
      await timed('scan of histories', () => scanHistories(parts))
    } finally {
      await stop()
    }
  }
}

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const began = Date.now()
  const result = await run()
  console.log(`  ${what}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
  return result
}

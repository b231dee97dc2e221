import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { powersOf } from '../../db/restricted.ts'
import { type Database, startDatabase } from '../../dev/database.ts'
import { freePorts } from '../../dev/ports.ts'
import { applicationDatabase, givenDatabase } from '../../dev/stack/application-database.ts'

// mkdtemp makes a folder that only its owner can enter: run by root, Postgres' own account cannot.
let folder: string
let running: Database | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assent-database-'))
})
afterEach(async () => {
  await running?.child.stop()
  running = undefined
  // Elsewhere, if Postgres' own account could not enter the folder.
  const data = realpathSync(join(folder, 'postgres'))
  if (!data.startsWith(folder)) rmSync(dirname(data), { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
})

async function start(): Promise<Database> {
  const [port = 0] = await freePorts(1)
  running = await startDatabase({ folder: join(folder, 'postgres'), port, log: join(folder, 'log') })
  return running
}

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return [...(await sql.unsafe(query))]
  } finally {
    await sql.end()
  }
}

test('data stays over a stop, a kill, and a pid file whose number now belongs to another program', async () => {
  const first = await start()
  await ask(first.adminUrl, 'create table kept as select 1 as one')
  await first.child.stop()
  const second = await start()
  expect(await ask(second.adminUrl, 'select one from kept')).toEqual([{ one: 1 }])
  second.child.kill()
  await second.child.ended
  writeFileSync(join(folder, 'postgres', 'postmaster.pid'), `${process.pid}\n`)
  const third = await start()
  expect(await ask(third.adminUrl, 'select one from kept')).toEqual([{ one: 1 }])
})

test('a connection without the password is refused', async () => {
  const { adminUrl } = await start()
  const url = new URL(adminUrl)
  url.password = 'guess'
  await expect(ask(url.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test('the application gets a database of its own, and a user that cannot undo its limits; asked again, it is the same', async () => {
  const { adminUrl } = await start()
  expect(await powersOf(await applicationDatabase(adminUrl, 'first'))).toEqual([])
  const again = await applicationDatabase(adminUrl, 'second')
  expect(await ask(again, "select current_setting('is_superuser') as super from contacts")).toEqual([])
  await expect(ask(again, 'alter table consent_events disable trigger all')).rejects.toThrow(/must be owner/)
})

test('given an owner alone, a local stack makes a harmless user beside it; a harmless one it takes as it is', async () => {
  const { adminUrl } = await start()
  const harmless = await givenDatabase(adminUrl, undefined, 'secret')
  expect(new URL(harmless).username).toBe('assent_runtime')
  expect(await powersOf(harmless)).toEqual([])
  expect(await givenDatabase(harmless, undefined, 'other')).toBe(harmless)
})

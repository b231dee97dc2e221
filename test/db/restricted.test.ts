/** The processes' user cannot undo its own limits, and a process does not start as one that could. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../db/connect.ts'
import { DatabaseUnfit, powersOf, readyDatabase } from '../../db/restricted.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

let database: OwnDatabase
let owner: postgres.Sql
beforeAll(async () => {
  database = await ownDatabase()
  owner = postgres(database.url, { max: 1, onnotice: () => {} })
})
afterAll(async () => {
  await owner.end()
  await database.drop()
})

describe('the processes’ user', () => {
  it.each([
    'alter table consent_events disable trigger consent_events_append_only',
    'drop trigger consent_events_append_only on consent_events',
    'update consent_events set id = id',
    "set session_replication_role = 'replica'",
    'create or replace function refuse_change() returns trigger language plpgsql as $$ begin return null; end $$',
  ])('left to itself (set role none) cannot: %s', async (statement) => {
    const pool = connect(database.runtimeUrl, 1)
    const done = pool.db.transaction(async (tx) => {
      await tx.execute(sql`set role none`)
      await tx.execute(sql.raw(statement))
    })
    await expect(done).rejects.toMatchObject({ cause: { code: '42501' } })
    await pool.close()
  })

  it('is taken at start, an owner is not', async () => {
    expect(await readyDatabase({ DATABASE_URL: database.runtimeUrl })).toEqual([])
    const powerful = readyDatabase({ DATABASE_URL: database.url })
    await expect(powerful).rejects.toThrow(DatabaseUnfit)
    await expect(powerful).rejects.toThrow(/superuser/)
  })
})

it.each([
  ['createrole', 'may make and grant roles'],
  ['replication', 'may replicate'],
])('a user with %s is refused: it %s', async (attribute, power) => {
  const name = `powerful_${attribute}`
  await owner.unsafe(`create role ${name} login ${attribute} password 'x'`)
  const url = new URL(database.url)
  url.username = name
  url.password = 'x'
  expect(await powersOf(url.href)).toEqual([power])
  await owner.unsafe(`drop role ${name}`)
})

it('a schema that lacks a migration is refused, with what to do', async () => {
  await owner`delete from schema_migrations where name like '0003%'`
  await expect(readyDatabase({ DATABASE_URL: database.runtimeUrl })).rejects.toThrow(/0003_.*npm run migrate/)
})

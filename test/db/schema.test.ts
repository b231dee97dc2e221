/** The Drizzle schema and the migrations say the same: every table and column, its type's nullability and default. */
import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../db/connect.ts'
import { migrate } from '../../db/migrate.ts'
import * as access from '../../db/schema/access.ts'
import * as contacts from '../../db/schema/contacts.ts'
import * as definitions from '../../db/schema/definitions.ts'
import * as deliveries from '../../db/schema/deliveries.ts'
import * as doubleOptIns from '../../db/schema/doubleOptIns.ts'
import * as journeys from '../../db/schema/journeys.ts'
import * as ledger from '../../db/schema/ledger.ts'
import * as recovery from '../../db/schema/recovery.ts'
import * as retention from '../../db/schema/retention.ts'
import * as testMails from '../../db/schema/testMails.ts'
import * as triggers from '../../db/schema/triggers.ts'
import * as workers from '../../db/schema/workers.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

const everything = [
  access,
  contacts,
  definitions,
  deliveries,
  doubleOptIns,
  journeys,
  ledger,
  recovery,
  retention,
  testMails,
  triggers,
  workers,
]
const tables = everything.flatMap((part) => Object.values(part)).filter((one) => is(one, PgTable))

let database: OwnDatabase
let sql: postgres.Sql
beforeAll(async () => {
  database = await ownDatabase()
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
})
afterAll(async () => {
  await sql.end()
  await database.drop()
})

it('names the same tables', async () => {
  const rows = await sql<
    { name: string }[]
  >`select tablename as name from pg_tables where schemaname = 'public'`
  const own = rows.map((row) => row.name).filter((name) => name !== 'schema_migrations')
  expect(tables.map((table) => getTableName(table)).toSorted()).toEqual(own.toSorted())
})

describe.each(tables.map((table) => [getTableName(table), table] as const))('%s', (name, table) => {
  it('has the same columns, as nullable and as defaulted', async () => {
    const rows = await sql<{ name: string; nullable: boolean; defaulted: boolean }[]>`
      select column_name as name, is_nullable = 'YES' as nullable,
        column_default is not null or is_identity = 'YES' as defaulted
      from information_schema.columns where table_schema = 'public' and table_name = ${name}`
    const said = Object.values(getTableColumns(table)).map((column) => ({
      name: column.name,
      nullable: !column.notNull,
      defaulted: column.hasDefault || column.generatedIdentity !== undefined,
    }))
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
    expect(said.toSorted(byName)).toEqual(rows.map((row) => ({ ...row })).toSorted(byName))
  })
})

it('migrates once, however many processes start together', async () => {
  const fresh = await ownDatabase()
  try {
    const again = await Promise.all([migrate(fresh.url), migrate(fresh.url), migrate(fresh.url)])
    expect(again).toEqual([[], [], []])
  } finally {
    await fresh.drop()
  }
})

it('the application works under a role that cannot change what was written for good', async () => {
  const connection = connect(database.url, 1)
  try {
    const { rows } = { rows: await connection.db.execute<{ role: string }>('select current_user as role') }
    expect(rows[0]?.role).toBe('assent_app')
    for (const [table, column] of [
      ['consent_events', 'id'],
      ['notices', 'hash'],
      ['message_versions', 'key'],
      ['journey_versions', 'key'],
      ['purpose_versions', 'key'],
      ['profile_versions', 'key'],
    ]) {
      for (const statement of [
        `delete from ${table}`,
        `update ${table} set ${column} = ${column}`,
        `truncate ${table}`,
      ]) {
        await expect(
          connection.db.transaction((tx) => tx.execute(statement)),
          statement,
        ).rejects.toMatchObject({ cause: { code: '42501' } })
      }
    }
  } finally {
    await connection.close()
  }
})

it('nor can the owner, since a trigger refuses it for everyone', async () => {
  for (const table of ['consent_events', 'notices']) {
    for (const statement of [
      `delete from ${table}`,
      `update ${table} set recorded_at = now()`,
      `truncate ${table} cascade`,
    ]) {
      await expect(sql.unsafe(statement), statement).rejects.toThrow(/append-only/)
    }
  }
})

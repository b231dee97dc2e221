/** Queries compiled once: a value arrives as its column wants it, and a row comes back as it was written. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, connect } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import {
  build,
  columnsOf,
  given,
  insertNewOf,
  insertOf,
  PreparedQuery,
  rowsOf,
  updateOf,
} from '../../db/preparedQuery.ts'
import { apiKeys } from '../../db/schema/access.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

let database: OwnDatabase
let pool: Connection
beforeAll(async () => {
  database = await ownDatabase()
  pool = connect(database.url, 2)
})
afterAll(async () => {
  await pool.close()
  await database.drop()
})

const byId = rowsOf<{ id: string }>()
const contactById = byId(
  contacts,
  build
    .select()
    .from(contacts)
    .where(eq(contacts.id, given('id'))),
)

function contactRow(): typeof contacts.$inferSelect {
  return {
    id: newId(),
    externalId: `c-${newId()}`,
    kind: 'contact',
    account: null,
    attributes: { plan: 'basic', seats: 3 },
    postalAddress: null,
    locale: null,
    timeZone: 'Europe/Vienna',
    eventSeq: 7,
    createdAt: '2026-11-23T08:15:30.123Z',
    updatedAt: '2026-11-23T08:15:30.120Z',
  }
}

it('a whole row comes back as it was given: numbers, instants, JSON, nothing', async () => {
  const row = contactRow()
  await pool.db.transaction((tx) => insertOf(contacts).all(tx, row))
  expect(await contactById.first(pool.db, { id: row.id })).toEqual(row)
  const [stored] = await pool.db
    .select({ postalAddress: sql<boolean>`postal_address is null`, locale: sql<boolean>`locale is null` })
    .from(contacts)
    .where(eq(contacts.id, row.id))
  // JSON's own null would be something: only SQL's is nothing.
  expect(stored).toEqual({ postalAddress: true, locale: true })
})

it('bytes, lists and what only SQL says come back as well', async () => {
  const key: typeof apiKeys.$inferSelect = {
    id: newId(),
    name: "it's \\ 5",
    hash: new Uint8Array(32).map((_, index) => (index % 2 === 0 ? index : 255 - index)),
    scopes: ['read', 'a,b', '"'],
    public: false,
    origins: [],
    createdAt: '2026-11-23T08:15:30.123Z',
    revokedAt: null,
  }
  const insert = insertNewOf(apiKeys)
  const put = () => pool.db.transaction((tx) => insert.all(tx, key))
  expect(await put()).toEqual([{ inserted: true }])
  expect(await put()).toEqual([])
  const named = rowsOf<{ names: string[] }>()(
    apiKeys,
    sql`select ${columnsOf(apiKeys)} from api_keys where name = any(${given('names')}::text[])`,
  )
  expect(await named.all(pool.db, { names: [key.name, 'a,b', '"'] })).toEqual([key])
  expect(await named.all(pool.db, { names: [] })).toEqual([])
})

it('a value that is missing is refused, not taken for nothing', async () => {
  const loose = new PreparedQuery<Record<string, unknown>, unknown>(sql`select ${given('what')}::text`)
  await expect(loose.all(pool.db, {})).rejects.toThrow('"what"')
  expect(() => loose.with({})).toThrow('"what"')
  expect(await loose.all(pool.db, { what: null })).toEqual([{ text: null }])
})

it('a whole row that is rewritten keeps every column', async () => {
  const row = contactRow()
  const changed = { ...row, timeZone: null, postalAddress: 'Ring 1', attributes: {}, eventSeq: 8 }
  await pool.db.transaction(async (tx) => {
    await insertOf(contacts).all(tx, row)
    await updateOf(contacts).all(tx, changed)
  })
  expect(await contactById.first(pool.db, { id: row.id })).toEqual(changed)
})

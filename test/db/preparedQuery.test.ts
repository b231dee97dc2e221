/** Statements built once: what is given arrives as the column wants it, and what is said together is done in its order. */
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
} from '../../db/preparedQuery.ts'
import { apiKeys } from '../../db/schema/access.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { outbox } from '../../db/schema/triggers.ts'
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
  const together = pool.db.transaction((tx) =>
    Promise.all([loose.all(tx, { what: 'a' }), loose.all(tx, {}), loose.all(tx, { what: 'b' })]),
  )
  await expect(together).rejects.toThrow('"what"')
  expect(await loose.all(pool.db, { what: null })).toEqual([{ text: null }])
})

it('said together in a transaction, statements of every form are done in their order', async () => {
  const put = new PreparedQuery<{ stream: string }, never>(
    build.insert(outbox).values({ stream: given('stream'), kind: 'signal', body: sql`'{}'` }),
  )
  const last = new PreparedQuery<Record<string, never>, { stream: string | null }>(
    sql`select (select stream from outbox order by id desc limit 1) as stream`,
  )
  const lastRow = rowsOf<Record<string, never>>()(
    outbox,
    sql`select ${columnsOf(outbox)} from outbox order by id desc limit 1`,
  )
  const seen = await pool.db.transaction((tx) =>
    Promise.all(
      Array.from({ length: 20 }, (_, index) => index).flatMap((index) => [
        put.all(tx, { stream: `s-${index}` }).then(() => null),
        lastRow.first(tx, {}).then((row) => row?.stream),
        put.all(tx, { stream: `t-${index}` }).then(() => null),
        last.first(tx, {}).then((row) => row?.stream),
      ]),
    ),
  )
  expect(seen.filter((stream) => stream !== null)).toEqual(
    Array.from({ length: 20 }, (_, index) => [`s-${index}`, `t-${index}`]).flat(),
  )
})

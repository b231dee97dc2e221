/** Pipelined: one round trip, executed in this order; all of them are over when it answers, and the first failure counts. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type Connection, connect } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { type BoundQuery, build, columnsOf, given, PreparedQuery, rowsOf } from '../../db/preparedQuery.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'
import { Wire } from '../harness/proxy.ts'

let database: OwnDatabase
let wire: Wire
let pool: Connection
beforeAll(async () => {
  database = await ownDatabase()
  const url = new URL(database.url)
  wire = await Wire.to(url.host)
  url.host = wire.address
  pool = connect(url.href, 1)
})
afterAll(async () => {
  await pool.close()
  await wire.cut()
  await database.drop()
})

const put = new PreparedQuery<{ stream: string }, never>(
  build.insert(outbox).values({ stream: given('stream'), kind: 'signal', body: sql`'{}'` }),
)
const newest = new PreparedQuery<Record<string, never>, { stream: string }>(
  sql`select stream from outbox order by id desc limit 1`,
)
const newestRow = rowsOf<Record<string, never>>()(
  outbox,
  sql`select ${columnsOf(outbox)} from outbox order by id desc limit 1`,
)
const quotient = new PreparedQuery<{ by: number }, { result: number }>(
  sql`select 6 / ${given('by')}::int as result`,
)
const streams = async () =>
  (await pool.db.execute<{ stream: string }>(sql`select stream from outbox`)).map(({ stream }) => stream)

describe('queries that are pipelined', () => {
  it('are executed in their order, whatever their form', async () => {
    const queries = Array.from({ length: 20 }, (_, index) => index).flatMap((index) => [
      put.with({ stream: `s-${index}` }).map(() => ''),
      newestRow.with({}).map(([row]) => row?.stream),
      put.with({ stream: `t-${index}` }).map(() => ''),
      newest.with({}).map(([row]) => row?.stream),
    ])
    const seen = await pool.db.transaction((tx) => pipelined(tx, queries))
    expect(seen.filter((stream) => stream !== '')).toEqual(
      Array.from({ length: 20 }, (_, index) => [`s-${index}`, `t-${index}`]).flat(),
    )
  })

  it('all go out before the first answer comes back', async () => {
    const again = (tx: Parameters<typeof pipelined>[0]) =>
      pipelined(tx, [quotient.with({ by: 1 }), newest.with({}), newestRow.with({}), quotient.with({ by: 2 })])
    // Once, so that the connection knows the statements.
    await pool.db.transaction(again)
    const answers = await pool.db.transaction(async (tx) => {
      await tx.execute(sql`select 1`)
      const held = wire.holdAnswers(4)
      const all = again(tx)
      await held
      return all
    })
    expect(answers.map((rows) => rows.length)).toEqual([1, 1, 1, 1])
  })

  it('answer a tuple, each member of its own type; null stays null', async () => {
    const answers = await pool.db.transaction((tx) =>
      pipelined(tx, [
        quotient.with({ by: 3 }),
        null,
        newest.with({}).map(() => 'read'),
        put.with({ stream: 'x' }),
      ]),
    )
    expectTypeOf(answers).toEqualTypeOf<[{ result: number }[], null, string, never[]]>()
    expect(answers).toEqual([[{ result: 2 }], null, 'read', []])
  })
})

describe('a query that fails', () => {
  const failing = (queries: readonly BoundQuery<unknown>[]) =>
    pool.db.transaction((tx) => pipelined(tx, queries))

  it('undoes the transaction, and is the error that the caller gets', async () => {
    const before = await streams()
    const failure = failing([
      put.with({ stream: 'gone' }),
      quotient.with({ by: 0 }),
      put.with({ stream: 'gone too' }),
    ])
    await expect(failure).rejects.toMatchObject({ cause: { code: '22012' } })
    expect(await streams()).toEqual(before)
  })

  it('is waited for together with those after it', async () => {
    const over: string[] = []
    const note = (name: string, query: BoundQuery<unknown>) =>
      query.map(() => {
        over.push(name)
        return name
      })
    const broken = quotient.with({ by: 1 }).map(() => {
      throw new Error('the answer cannot be read')
    })
    await expect(failing([note('a', newest.with({})), broken, note('b', newest.with({}))])).rejects.toThrow(
      'cannot be read',
    )
    expect(over).toEqual(['a', 'b'])
  })

  it('counts before one that failed later in the list', async () => {
    const fail = (text: string) =>
      newest.with({}).map(() => {
        throw new Error(text)
      })
    await expect(failing([newest.with({}), fail('first'), fail('second')])).rejects.toThrow('first')
  })
})

describe('nothing is sent', () => {
  it('where a check of any of them fails', async () => {
    const before = await streams()
    const refused = newest.with({}).checking(() => {
      throw new Error('not in this order')
    })
    await pool.db.transaction(async (tx) => {
      await expect(pipelined(tx, [put.with({ stream: 'never' }), refused])).rejects.toThrow(
        'not in this order',
      )
    })
    expect(await streams()).toEqual(before)
  })

  it('outside a transaction, where reads keep no order', async () => {
    await expect(pipelined(pool.db, [newest.with({})])).rejects.toThrow('inside a transaction')
  })
})

it('a function that sends further queries cannot be pipelined', async () => {
  await pool.db.transaction(async (tx) => {
    const goingOn = async () => newest.first(tx, {})
    // @ts-expect-error a promise is no query
    const promise: Parameters<typeof pipelined>[1] = [goingOn()]
    await Promise.all(promise)
    const hidden = newest.with({}).map(async () => newest.first(tx, {}))
    await expect(pipelined(tx, [hidden])).rejects.toThrow('read at once')
  })
})

/** A transaction whose connection is lost is over: its caller hears of it, and nothing of it is said on another connection. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isDatabaseAway } from '../../db/away.ts'
import { type Connection, connect } from '../../db/connect.ts'
import { TransactionOver } from '../../db/transaction.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'
import { Wire } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

let database: OwnDatabase
let owner: postgres.Sql
let wire: Wire
/** A pool of one: the next transaction uses the connection that the last one used. */
let pool: Connection
beforeEach(async () => {
  database = await ownDatabase()
  owner = postgres(database.url, { max: 1 })
  await owner`create table kept (word text primary key)`
  await owner`grant all on kept to assent_app`
  const url = new URL(database.url)
  wire = await Wire.to(url.host)
  url.host = wire.address
  pool = connect(url.href, 1)
})
afterEach(async () => {
  await pool.close()
  await wire.cut()
  await owner.end()
  await database.drop()
})

const kept = async () =>
  (await owner<{ word: string }[]>`select word from kept order by word`).map((row) => row.word)
const keep = (word: string) => sql`insert into kept values (${word})`

it('sends nothing more when its connection is reopened for others, and does not join their transactions', async () => {
  const lost = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let late: unknown
  const transaction = pool.db.transaction(async (tx) => {
    await tx.execute(keep('before'))
    lost.resolve()
    await goOn.promise
    late = await tx.execute(keep('after')).then(
      () => 'said',
      (error: unknown) => error,
    )
  })
  const outcome = transaction.catch((error: unknown) => error)
  await lost.promise
  await wire.cut()
  expect(await outcome).toSatisfy(isDatabaseAway)
  await wire.mend()
  // Somebody else's transaction, on the one connection there is, while the dead one goes on.
  await pool.db.transaction(async (tx) => {
    await tx.execute(keep('other'))
    goOn.resolve()
    await tx.execute(sql`select pg_sleep(0)`)
    await tx.execute(keep('another'))
  })
  expect(late).toMatchObject({ cause: expect.any(TransactionOver) })
  expect(await kept()).toEqual(['another', 'other'])
})

it('does not roll back another transaction that has its connection by then', async () => {
  const transaction = pool.db.transaction(async (tx) => {
    await tx.execute(keep('before'))
    await wire.cut()
    await tx.execute(keep('after'))
  })
  await expect(transaction).rejects.toSatisfy(isDatabaseAway)
  await wire.mend()
  await pool.db.transaction(async (tx) => {
    await tx.execute(keep('one'))
    await tx.execute(keep('two'))
  })
  expect(await kept()).toEqual(['one', 'two'])
})

it('ends with what it nests', async () => {
  const transaction = pool.db.transaction(async (tx) => {
    await tx.execute(keep('before'))
    await tx.transaction(async (inner) => {
      await wire.cut()
      await inner.execute(keep('after'))
    })
  })
  await expect(transaction).rejects.toSatisfy(isDatabaseAway)
  await wire.mend()
  await pool.db.transaction((tx) => tx.execute(keep('next')))
  expect(await kept()).toEqual(['next'])
})

/** Ends the session that sleeps, as an administrator does who restarts the server. */
async function endSleeper(): Promise<void> {
  await until('the sleeper to be ended', async () => {
    const ended = await owner`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event = 'PgSleep'`
    return ended.length === 1
  })
}
const sleep = sql`select pg_sleep(60)`

it('is over where the server ends its session', async () => {
  const transaction = pool.db.transaction(async (tx) => {
    await tx.execute(keep('before'))
    await tx.execute(sleep)
  })
  await Promise.all([expect(transaction).rejects.toSatisfy(isDatabaseAway), endSleeper()])
  await pool.db.transaction((tx) => tx.execute(keep('next')))
  expect(await kept()).toEqual(['next'])
})

it('stands, and is rolled back, where it only met another connection’s loss', async () => {
  const other = postgres(database.url, { max: 1 })
  const transaction = pool.db.transaction(async (tx) => {
    await tx.execute(keep('before'))
    await other`select pg_sleep(60)`
  })
  await Promise.all([expect(transaction).rejects.toSatisfy(isDatabaseAway), endSleeper()])
  await pool.db.transaction((tx) => tx.execute(keep('next')))
  expect(await kept()).toEqual(['next'])
  await other.end({ timeout: 0 })
})

it('is carried out as ever where nothing is lost: kept, taken back, and taken back in part', async () => {
  await pool.db.transaction(async (tx) => {
    await tx.execute(keep('kept'))
    await tx
      .transaction(async (inner) => {
        await inner.execute(keep('part'))
        throw new Error('no')
      })
      .catch(() => {})
  })
  await expect(
    pool.db.transaction(async (tx) => {
      await tx.execute(keep('taken back'))
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await kept()).toEqual(['kept'])
})

/**
 * Connections: what is acknowledged is stored, however many operations run at once; a transaction has its connection to itself,
 * commits only what it awaited, and nothing writes outside one.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isDatabaseAway } from '../../db/away.ts'
import { type Connection, connect, type Limits } from '../../db/connect.ts'
import { beginUnderDeadline } from '../../db/deadline.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'
import { until } from '../harness/until.ts'

let database: OwnDatabase
let owner: postgres.Sql
const pools: Connection[] = []
beforeEach(async () => {
  database = await ownDatabase()
  owner = postgres(database.url, { max: 1 })
  await owner`create table kept (word text primary key, size integer not null default 0)`
  await owner`grant all on kept to assent_app`
})
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
  await owner.end()
  await database.drop()
})

function open(max: number, limits: Partial<Limits> = {}): Connection {
  const pool = connect(database.url, max, limits)
  pools.push(pool)
  return pool
}

const kept = async () =>
  (await owner<{ word: string }[]>`select word from kept order by word`).map((row) => row.word)
const keep = (word: string) => sql`insert into kept values (${word})`
/** Ends with `work`, which has `milliseconds` for the database. */
async function withDeadline<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const over = beginUnderDeadline(milliseconds, () => void work().then(resolve, reject))
  return promise.finally(over)
}

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe('under 2,000 operations at once', () => {
  /** A transaction after every so many reads: its BEGIN comes at each place of a pipeline once, 100 included. */
  const between = Array.from({ length: 20 }, (_, index) => 92 + index)

  it('every acknowledged write is stored, and nothing that was taken back', {
    timeout: 120_000,
  }, async () => {
    const { db } = open(4, { waiting: 5_000, wait: 100_000 })
    const read = async () => void (await db.execute(sql`select ${'short'}::text as word`))
    // Once prepared, the reads of a connection are sent without waiting for one another.
    await Promise.all(Array.from({ length: 8 }, read))
    const acknowledged: string[] = []
    const takenBack: string[] = []
    const write = async (word: string, back: boolean) => {
      try {
        await db.transaction(async (tx) => {
          await tx.execute(keep(word))
          if (back) throw new Error('taken back')
        })
        acknowledged.push(word)
      } catch (error) {
        expect(error).toMatchObject({ message: 'taken back' })
        takenBack.push(word)
      }
    }
    // All of them wait for the same moment, in this order: reads, then transactions.
    const gate = Promise.withResolvers<void>()
    const begun = [1, 2, 3, 4].map(() => Promise.withResolvers<void>())
    const held = begun.map(({ resolve }) =>
      db.transaction(() => {
        resolve()
        return gate.promise
      }),
    )
    await Promise.all(begun.map(({ promise }) => promise))
    const operations: Promise<unknown>[] = []
    for (const reads of between) {
      operations.push(...Array.from({ length: reads }, read))
      await turn()
      operations.push(...[1, 2, 3, 4].map((n) => write(`${reads}-${n}`, n === 3)))
      await turn()
    }
    expect(operations.length).toBeGreaterThan(2_000)
    gate.resolve()
    await Promise.all([...held, ...operations])
    expect(takenBack).toHaveLength(between.length)
    expect(acknowledged).toHaveLength(between.length * 3)
    expect(await kept()).toEqual(acknowledged.toSorted())
    // And none of the connections is left in a transaction.
    const [left] = await owner<{ count: number }[]>`select count(*)::int as count from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`
    expect(left?.count).toBe(0)
  })

  it('a transaction that fills the socket’s buffer, and the pipeline, is whole', async () => {
    const { db } = open(2)
    const long = 'x'.repeat(200_000)
    const writers = Array.from({ length: 6 }, (_, writer) =>
      db.transaction((tx) =>
        Promise.all(
          Array.from({ length: 150 }, (_, index) =>
            tx.execute(
              sql`insert into kept values (${`${writer}-${index}`}, length(${index % 10 === 0 ? long : ''}::text))`,
            ),
          ),
        ),
      ),
    )
    await Promise.all(writers)
    const [sum] = await owner`select count(*)::int as words, sum(size)::int as size from kept`
    expect(sum).toEqual({ words: 900, size: 6 * 15 * long.length })
  })

  it('beyond its line, a caller is refused at once, and has changed nothing', async () => {
    const { db } = open(2, { waiting: 10 })
    const gate = Promise.withResolvers<void>()
    const held = [1, 2].map((n) =>
      db.transaction(async (tx) => {
        await tx.execute(keep(`held-${n}`))
        await gate.promise
      }),
    )
    const late = Array.from({ length: 20 }, (_, n) => db.transaction((tx) => tx.execute(keep(`late-${n}`))))
    const refused = await Promise.all(late.slice(10).map(errorOf))
    for (const error of refused) expect(error).toMatchObject({ code: 'DATABASE_BUSY' })
    expect(refused.every(isDatabaseAway)).toBe(true)
    gate.resolve()
    await Promise.all([...held, ...late.slice(0, 10)])
    expect(await kept()).toHaveLength(12)
  })
})

describe('a transaction', () => {
  it('is not committed if a statement failed that was not awaited', async () => {
    const { db } = open(1)
    await owner`insert into kept values ('there')`
    const done = db.transaction(async (tx) => {
      await tx.execute(keep('one'))
      tx.execute(keep('there')).catch(() => {})
    })
    await expect(done).rejects.toMatchObject({ code: '23505' })
    expect(await kept()).toEqual(['there'])
  })

  it('sends no statement after it has failed, whatever the caller does', async () => {
    const { db } = open(1)
    const goOn = Promise.withResolvers<void>()
    let late: Promise<unknown> = Promise.resolve()
    const done = db.transaction((tx) =>
      Promise.all([
        tx.execute(sql`select 1/0`),
        tx.execute(keep('first')).then(() => {
          late = goOn.promise.then(() => errorOf(tx.execute(keep('second'))))
        }),
      ]),
    )
    expect(await errorOf(done)).toMatchObject({ cause: { code: '22012' } })
    goOn.resolve()
    await db.transaction((tx) => tx.execute(keep('other')))
    await late
    expect(await kept()).toEqual(['other'])
  })

  it('commits a function that returns while a nested one is still at work only with that one’s work', async () => {
    const { db } = open(1)
    await db.transaction(async (tx) => {
      void tx.transaction(async (inner) => {
        await inner.execute(keep('one'))
        await inner.execute(keep('two'))
      })
    })
    expect(await kept()).toEqual(['one', 'two'])
  })

  it('that finds its connection in another transaction fails, and closes it', async () => {
    const { db } = open(1)
    await db.transaction(async (tx) => {
      await tx.execute(keep('one'))
      // What the driver's own pool may do to a connection: it stays open, in a transaction.
      await tx.execute(sql`commit`)
      await tx.execute(sql`begin read write`)
      await tx.execute(keep('lost'))
      await tx.execute(sql`commit`)
      await tx.execute(sql`begin`)
    })
    const stray = db.transaction(async (tx) => {
      await tx.execute(sql`begin`)
    })
    expect(await errorOf(stray)).toSatisfy(isDatabaseAway)
    await db.transaction((tx) => tx.execute(keep('three')))
    expect(await kept()).toEqual(['lost', 'one', 'three'])
  })

  it('keeps its connection after a statement that cannot be encoded', async () => {
    const { db } = open(1)
    const done = db.transaction((tx) =>
      Promise.all([tx.execute(keep('one')), tx.execute(sql`select ${sql.param(Symbol('no value'))}`)]),
    )
    expect(await errorOf(done)).toBeInstanceOf(Error)
    await db.transaction((tx) => tx.execute(keep('two')))
    expect(await kept()).toEqual(['two'])
  })
})

describe('outside a transaction', () => {
  it.each(['insert into kept values (1)', 'delete from kept', 'select * from kept for update'])(
    'Postgres refuses: %s',
    async (statement) => {
      const { db } = open(2)
      expect(await errorOf(db.execute(sql.raw(statement)))).toMatchObject({ cause: { code: '25006' } })
    },
  )
})

describe('within its time', () => {
  it('a statement that takes too long is cancelled by the server, and the transaction taken back', async () => {
    const { db } = open(1, { statement: 200 })
    const done = db.transaction(async (tx) => {
      await tx.execute(keep('one'))
      await tx.execute(sql`select pg_sleep(60)`)
    })
    expect(await errorOf(done)).toSatisfy(isDatabaseAway)
    await db.transaction((tx) => tx.execute(keep('two')))
    expect(await kept()).toEqual(['two'])
  })

  it('a caller does not wait for a connection longer than it may', async () => {
    const { db } = open(1, { wait: 200 })
    const gate = Promise.withResolvers<void>()
    const held = db.transaction(async (tx) => {
      await tx.execute(keep('one'))
      await gate.promise
    })
    expect(await errorOf(db.transaction(async () => {}))).toMatchObject({ code: 'DATABASE_BUSY' })
    gate.resolve()
    await held
    expect(await kept()).toEqual(['one'])
  })

  it('a deadline ends the wait for a connection, an open transaction, and what would begin after it', async () => {
    const { db } = open(1)
    let waited: unknown
    let after: unknown
    const outcome = await errorOf(
      withDeadline(300, async () => {
        const held = errorOf(
          db.transaction(async (tx) => {
            await tx.execute(keep('one'))
            await tx.execute(sql`select pg_sleep(60)`)
          }),
        )
        waited = await errorOf(db.transaction((tx) => tx.execute(keep('two'))))
        after = await errorOf(db.execute(sql`select 1`))
        throw await held
      }),
    )
    expect(outcome).toSatisfy(isDatabaseAway)
    expect(waited).toMatchObject({ code: 'DEADLINE_PASSED' })
    expect(after).toSatisfy(isDatabaseAway)
    await until('the pool to serve again', async () => (await db.execute(sql`select 1`)).length === 1)
    expect(await kept()).toEqual([])
  })

  it('closing waits for what is under way, and refuses what comes', async () => {
    const pool = open(2)
    const gate = Promise.withResolvers<void>()
    const held = pool.db.transaction(async (tx) => {
      await gate.promise
      await tx.execute(keep('one'))
    })
    const closed = pool.close()
    expect(await errorOf(pool.db.transaction(async () => {}))).toMatchObject({ code: 'CONNECTION_ENDED' })
    gate.resolve()
    await held
    await closed
    expect(await kept()).toEqual(['one'])
  })
})

/** What is past its time is removed outside of requests, in small batches, by any number of processes at once. */
import { PgDialect } from 'drizzle-orm/pg-core'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Retention } from '../../engine/retention.ts'
import { onceFor } from '../../transactions/onceFor.ts'
import { oldAnswers, sweepIdempotencyKeys } from '../../transactions/sweepIdempotencyKeys.ts'
import { type Assent, startAssent } from '../harness/assent.ts'

let assent: Assent
let owner: postgres.Sql
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 2, onnotice: () => {} })
})
afterAll(async () => {
  await owner.end()
  await assent.stop()
})

async function remember(count: number, age: string, caller: string): Promise<void> {
  await owner`insert into idempotency_keys (caller, key, fingerprint, created_at)
    select ${caller}, n::text, '', clock_timestamp() - ${age}::interval from generate_series(1, ${count}::int) n`
}
const kept = async (caller: string) =>
  (await owner`select from idempotency_keys where caller = ${caller}`).length

it('removes old answers, leaves the others, and does not wait for a row that somebody has locked', async () => {
  await remember(1_203, '8 days', 'old')
  await remember(10, '6 days', 'new')
  const lock = await owner.reserve()
  await lock`begin`
  await lock`select from idempotency_keys where caller = 'old' and key = '7' for update`
  // As three processes do that sweep beside one another.
  const sweep = () => new Retention({ db: assent.deps.db, log: pino({ level: 'silent' }) }).sweep()
  await Promise.all([sweep(), sweep(), sweep()])
  expect([await kept('old'), await kept('new')]).toEqual([1, 10])
  await lock`rollback`
  lock.release()
  expect(await sweepIdempotencyKeys(assent.deps.db, 500)).toBe(1)
})

it('finds them by an index', async () => {
  await remember(20_000, '1 day', 'many')
  await owner`analyze idempotency_keys`
  const { sql, params } = new PgDialect().sqlToQuery(oldAnswers(500))
  const text = sql.replace(/\$(\d+)/g, (_, place: string) => String(params[Number(place) - 1]))
  const plan = JSON.stringify(await owner.unsafe(`explain (format json) ${text}`))
  expect(plan).toContain('idempotency_keys_by_age')
  expect(plan).not.toContain('Seq Scan')
})

it('a request with an Idempotency-Key removes nothing of others', async () => {
  await remember(30, '8 days', 'left')
  const request = { caller: 'caller', key: 'key', fingerprint: new Uint8Array([1]) }
  const answer = await onceFor(assent.deps, request, async () => ({ status: 201, body: { id: 'x' } }))
  expect(answer).toMatchObject({ status: 201 })
  expect(await kept('left')).toBe(30)
})

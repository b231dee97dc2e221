/**
 * What a delivery costs in the database: its bytes with all its indexes and the scope of its links, and whether its row and its run's are
 * updated in place (HOT). Mails are sent for real; then their rows are multiplied, changed as a hand-over changes them, since the first
 * pages of many indexes weigh more than a few hundred rows.
 */
import { getTableColumns } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deliveries } from '../../db/schema/deliveries.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { DecisionInput } from '../../domain/consent/types.ts'
import { getDelivery } from '../../views/deliveries.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

const people = 60
const perPerson = 2
const times = 150

let assent: Assent
let owner: postgres.Sql
let database: OwnDatabase
let quiet: postgres.Sql
beforeAll(async () => {
  assent = await startAssent()
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  database = await ownDatabase()
  quiet = postgres(database.url, { max: 1, onnotice: () => {} })
  await putBrand(assent.api)
  const journey = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'pause', type: 'wait', for: '1 second' },
      { id: 'two', type: 'send', message: 'second' },
    ],
  })
  for (let begun = 0; begun < people; begun += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const person = await putPerson(assent.api)
        await optIn(assent.api, person.email, 'marketing', 'newsletter')
        const run = await startRunOf(assent.api, journey, person)
        expect((await assent.runEnded(run, 120)).state).toBe('completed')
      }),
    )
  }
}, 300_000)
afterAll(async () => {
  await owner.end()
  await quiet.end()
  await database.drop()
  await assent.stop()
})

/** Updates of a table, and how many of them in place; once the statistics have come in. */
async function updatesOf(table: string): Promise<{ all: number; inPlace: number }> {
  let before = -1
  return until(`statistics of ${table}`, async () => {
    await owner`select pg_stat_clear_snapshot()`
    const [row] = await owner<{ all: number; hot: number }[]>`
      select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = ${table}`
    const { all = 0, hot = 0 } = row ?? {}
    const settled = all > 0 && all === before
    before = all
    await new Promise((done) => setTimeout(done, 1_200))
    return settled ? { all, inPlace: hot } : null
  })
}

it.each(['deliveries', 'runs', 'run_path'])(
  '%s are updated in place, nine times in ten at least',
  async (table) => {
    const { all, inPlace } = await updatesOf(table)
    expect(inPlace / all).toBeGreaterThanOrEqual(0.9)
  },
)

it('any stored decision recomputes, from its frame and its facts', async () => {
  const { db } = assent.deps
  const ids = await owner<{ id: string }[]>`select id from deliveries order by id limit 20`
  for (const { id } of ids) {
    const { decision, decisionInput } = await getDelivery(db, id)
    expect(decisionInput).not.toBeNull()
    const { verdict, reason, basis } = decide(decisionInput as DecisionInput)
    expect(decision).toMatchObject({ verdict, reason, basis })
    expect(basis).toHaveLength(1)
  }
  const [frames] = await owner<{ count: number }[]>`select count(*)::int from decision_frames`
  // One for each message; two people never need another.
  expect(frames?.count).toBe(1)
})

/** Rows as they were made, multiplied: ten are under way at a time, and each is handed over and settled in transactions of its own. */
async function multiply(times: number): Promise<{ rows: number; walBytes: number }> {
  const made = Object.values(getTableColumns(deliveries))
    .filter((column) => column.generated === undefined)
    .map((column) => column.name)
  const fresh = (column: string) => {
    switch (column) {
      case 'id':
        return 'd.fresh'
      case 'state':
        return "'claimed'"
      case 'handed_over_at':
      case 'settled_at':
      case 'provider_answer':
        return 'null'
      case 'run_id':
      case 'contact_id':
      case 'contact_point_id':
        return `md5(d.${column}::text || d.n)::uuid`
      case 'provider_id':
        return "regexp_replace(d.provider_id, '^<.{32}', '<' || md5(d.fresh::text))"
      default:
        return `d.${column}`
    }
  }
  // In a database where nothing else goes on.
  for (const table of ['deliveries', 'handles']) {
    const [row] = await owner.unsafe<{ rows: string }[]>(
      `select json_agg(row_to_json(t))::text as rows from ${table} t`,
    )
    await quiet.unsafe(`create table made_${table} (like ${table})`)
    await quiet.unsafe(
      `insert into made_${table} select * from json_populate_recordset(null::made_${table}, $1::text::json)`,
      [row?.rows ?? '[]'],
    )
  }
  // Ids go on some hours apart from the moment they had.
  await quiet.unsafe(`create table copies as
    select row_number() over (order by n, d.id) as place, n, d.*, (lpad(to_hex(('x' || substr(replace(d.id::text, '-', ''), 1, 12))::bit(48)::bigint
      + n * 10000000), 12, '0') || '7' || substr(md5(d.id::text || n), 1, 19))::uuid as fresh
    from made_deliveries d, generate_series(1, ${times}) n;
    create index on copies (place);
    analyze copies`)
  await quiet`set synchronous_commit = off`
  const [begin] = await quiet<{ at: string }[]>`select pg_current_wal_insert_lsn()::text as at`
  await quiet.unsafe(`do $$ begin
    for start in 1 .. (select max(place) from copies) by 10 loop
      insert into deliveries (${made.join(', ')}) select ${made.map(fresh).join(', ')} from copies d where place between start and start + 9;
      insert into handles select sha256(hash || d.fresh::text::bytea), d.fresh, md5(d.contact_id::text || d.n)::uuid,
        md5(d.contact_point_id::text || d.n)::uuid, d.message_version, d.tracks_opens, d.tracks_clicks, d.message, d.purpose, d.topic
        from copies d join made_handles handles on handles.delivery_id = d.id where place between start and start + 9;
      commit;
      for one in start .. start + 9 loop
        update deliveries x set state = 'handed-over', handed_over_at = clock_timestamp() from copies d where place = one and x.id = d.fresh;
        commit;
      end loop;
      for one in start .. start + 9 loop
        update deliveries x set state = 'sent', settled_at = clock_timestamp(), provider_answer = d.provider_answer from copies d
          where place = one and x.id = d.fresh;
        commit;
      end loop;
    end loop;
  end $$`)
  const [row] = await quiet<{ rows: number; wal: number }[]>`
    select count(*)::int as rows, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), ${begin?.at ?? ''}::text::pg_lsn)::float as wal from deliveries`
  return { rows: row?.rows ?? 0, walBytes: row?.wal ?? 0 }
}

it('a delivery takes 1.4 kB at most, its indexes and the scope of its links included, and 4.5 kB of WAL at the worst', async () => {
  const { rows, walBytes } = await multiply(times)
  expect(rows).toBe(people * perPerson * times)
  // Postgres reuses the room of an old version once no transaction of the whole cluster may see it, and other tests run there. So the rows
  // are measured with the room that their fillfactor leaves; that their updates stay in it is measured above.
  await quiet`vacuum full deliveries`
  await quiet`vacuum full handles`
  const [whole] = await quiet<{ bytes: number }[]>`
    select ((pg_total_relation_size('deliveries') + pg_total_relation_size('handles')) / ${rows}::float)::int as bytes`
  expect(whole?.bytes).toBeLessThanOrEqual(1_400)
  expect(walBytes / rows).toBeLessThanOrEqual(4_500)
})

/**
 * Lists and sweeps at size: whatever is asked for, the database goes along an index to the page. The tables are filled so that a
 * plan that walks past what does not fit shows itself: what is rare is the oldest, behind everything that is common.
 *
 * Every statement that a list says is planned twice, for its values and without them (as a prepared statement may be), and run
 * once; counted is what it read, not how long it took.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Db } from '../../db/connect.ts'
import { listContacts } from '../../views/contacts.ts'
import { type DeliveryFilter, listDeliveries } from '../../views/deliveries.ts'
import { overdueDoubleOptIns } from '../../views/doubleOptIns.ts'
import { listRuns, type RunFilter } from '../../views/runs.ts'
import { listSuppressions } from '../../views/suppressions.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

let database: OwnDatabase
let sql: postgres.Sql
let db: Db
let said: { query: string; params: unknown[] }[] = []
beforeAll(async () => {
  database = await ownDatabase()
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
  db = drizzle(sql, { logger: { logQuery: (query, params) => void said.push({ query, params }) } })
  await fill()
})
afterAll(async () => {
  await sql.end()
  await database.drop()
})

const many = 60_000

/** `n` → an id: rows are made in the order of their ids, a second apart from 2026-01-01 on. */
const id = (n: string, kind: string) =>
  `(lpad(to_hex(1767225600000 + ${n} * 1000), 12, '0') || '70${kind}8000' || lpad(to_hex(${n}), 12, '0'))::uuid`

async function fill(): Promise<void> {
  await sql.unsafe(`
    insert into contacts (id, external_id, kind)
      select ${id('n', '01')}, 'c-' || n, 'contact' from generate_series(1, ${many}) n;
    insert into contact_points (id, channel, address)
      select ${id('n', '02')}, 'email', 'p' || n || '@example.com' from generate_series(1, ${many}) n;
    -- One address that half of all share, one apiece for the rest.
    insert into contact_addresses (contact_id, channel, contact_point_id)
      select ${id('n', '01')}, 'email', case when n % 2 = 0 then ${id('2', '02')} else ${id('n', '02')} end
      from generate_series(1, ${many}) n;
    insert into journeys (key, draft, published_version) select key, '{}', 1 from unnest(array['common', 'rare']) key;
    insert into journey_versions (key, version, definition, exit_triggers)
      select key, 1, '{}', '{}' from unnest(array['common', 'rare']) key;
    insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at, ended_at)
      select ${id('n', '03')}, case when n <= 5 then 'rare' else 'common' end, 1, ${id('n', '01')},
        case when n in (1, 6) then 'failed' when n in (2, 7) then 'running' when n in (3, 8) then 'paused'
          when n % 2 = 0 then 'waiting' else 'completed' end,
        '{}', 0, 0, to_timestamp(1767225600 + n),
        case when n in (1, 6) or (n not in (2, 3, 7, 8) and n % 2 = 1) then to_timestamp(1767225600 + n) end
      from generate_series(1, ${many}) n;
    insert into open_runs select id, contact_id, journey from runs where ended_at is null order by id;
    insert into busy_runs (run_id) select id from runs where state = 'running';
    insert into deliveries (id, run_id, contact_id, contact_point_id, channel, message, purpose, state, reason,
        provider_id)
      select ${id('n', '04')}, ${id('n', '03')}, ${id('n', '01')}, ${id('n', '02')}, 'email',
        case when n <= 9 then 'rare' else 'common' end, 'marketing',
        case when n in (1, 10) then 'unknown' when n in (2, 11) then 'held' when n % 3 = 0 then 'blocked' else 'sent' end,
        case when n in (1, 10) then 'no-answer' when n = 6 then 'no-consent' when n % 3 = 0 then 'opted-out' end,
        '<' || n || '@example.com>' from generate_series(1, ${many}) n;
    insert into suppressions (id, contact_point_id, channel, kind, lifted_at)
      select ${id('n', '05')}, ${id('n', '02')}, case when n > ${many - 3} then 'sms' else 'email' end, 'hard-bounced',
        case when n < ${many - 10} then now() end from generate_series(1, ${many}) n;
    insert into double_opt_ins (id, contact_point_id, profile, profile_version, message, grants, grants_key, mails, state,
        requested_at, expires_at)
      select ${id('n', '06')}, ${id('n', '02')}, 'default', 1, 'confirm', '[]', n::text, '{}',
        case when n > ${many - 5} then 'pending' else 'confirmed' end, now(), now() - interval '2 hours'
      from generate_series(1, ${many}) n;
    analyze;`)
}

const nodeShape = z.looseObject({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Actual Rows': z.number().optional(),
  'Actual Loops': z.number().optional(),
  'Rows Removed by Filter': z.number().optional(),
  'Rows Removed by Index Recheck': z.number().optional(),
  Plans: z.array(z.unknown()).optional(),
})
type Node = z.infer<typeof nodeShape>
const explained = z.tuple([z.looseObject({ 'QUERY PLAN': z.tuple([z.looseObject({ Plan: z.unknown() })]) })])

function nodesOf(plan: unknown): Node[] {
  const node = nodeShape.parse(plan)
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

async function planOf(options: string, query: string, params: unknown[]): Promise<Node[]> {
  const rows = await sql.unsafe(`explain (${options}, format json) ${query}`, params as never[])
  return nodesOf(explained.parse(rows)[0]['QUERY PLAN'][0].Plan)
}

/** Tables with a row per contact, run, delivery or event; the others hold definitions. */
const big = [
  'contacts',
  'contact_points',
  'contact_addresses',
  'runs',
  'open_runs',
  'deliveries',
  'suppressions',
  'double_opt_ins',
]

/** Pages of what is common in time, and rare among the newest: they end where enough was looked at (`mostLooked`). */
const mostOfCommon = 10_001

/** A page of 50 touches some rows for each of ten states, and their contacts; never the table. */
const most = 2_000

async function cheap(list: () => Promise<unknown>, bound = most): Promise<void> {
  said = []
  await list()
  expect(said.length).toBeLessThanOrEqual(3)
  for (const { query, params } of said) {
    const scans = (nodes: Node[]) =>
      nodes.filter((node) => node['Node Type'] === 'Seq Scan' && big.includes(node['Relation Name'] ?? ''))
    expect(scans(await planOf('generic_plan', query, [])), `without values: ${query}`).toEqual([])
    const nodes = await planOf('analyze, timing off', query, params)
    expect(scans(nodes), query).toEqual([])
    const read = nodes.map((node) => {
      const rows = [
        node['Actual Rows'],
        node['Rows Removed by Filter'],
        node['Rows Removed by Index Recheck'],
      ]
      return rows.reduce<number>((sum, count) => sum + (count ?? 0), 0) * (node['Actual Loops'] ?? 1)
    })
    expect(Math.max(...read), query).toBeLessThanOrEqual(bound)
  }
}

const pages = [{}, { after: idOf(many / 2) }, { from: momentOf(2), to: momentOf(12) }]

/** As `id` makes them, of no kind: between the rows of a moment and those of the one before. */
function idOf(n: number): string {
  const hex = (1767225600000 + n * 1000).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
function momentOf(n: number): string {
  return new Date(1767225600000 + n * 1000).toISOString()
}

/** Every choice of some of these parameters. */
function choices(of: Record<string, readonly unknown[]>): Record<string, unknown>[] {
  return Object.entries(of).reduce<Record<string, unknown>[]>(
    (sofar, [name, values]) =>
      sofar.flatMap((one) => [one, ...values.map((value) => ({ ...one, [name]: value }))]),
    [{}],
  )
}

const named = (filters: Record<string, unknown>[]) =>
  filters
    .flatMap((filter) => pages.map((page) => ({ ...filter, ...page })))
    .map((one) => [JSON.stringify(one), one] as const)

describe('deliveries', () => {
  const common = choices({
    message: ['common', 'rare'],
    state: ['sent', 'held', 'unknown', 'expired'],
    reason: ['opted-out', 'no-answer', 'never-said'],
  })
  const few = [{ contact: 'c-77' }, { run: idOf(77) }, { providerId: '<77@example.com>' }].flatMap((one) => [
    one,
    { ...one, state: 'sent', message: 'common' },
  ])
  it.each(named([...common, ...few]))('by %s', (_, filter) =>
    cheap(() => listDeliveries(db, { ...(filter as Partial<DeliveryFilter>), limit: 50 })),
  )

  it.each(named([{ state: 'delivered' }, { state: 'claimed', message: 'common' }]))(
    'by %s, of which there are none: a short page after a bounded look, and the rest after it',
    async (_, filter) => {
      const list = (after?: string) =>
        listDeliveries(db, { ...(filter as Partial<DeliveryFilter>), ...(after && { after }), limit: 50 })
      await cheap(() => list(), mostOfCommon)
      let pages = 1
      for (let page = await list(); page.next !== null; pages++) page = await list(page.next)
      expect(pages).toBeLessThanOrEqual(many / 10_000 + 1)
    },
  )

  it('in whatever way they are found, are the newest first, each once, page after page', async () => {
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listDeliveries(db, {
        reason: 'opted-out',
        limit: 200,
        from: momentOf(many - 3_000),
        after,
      })
      seen.push(...page.items.map((item) => item.id))
      after = page.next ?? undefined
    } while (after !== undefined)
    const rows = await sql<{ id: string }[]>`select id from deliveries where reason = 'opted-out'
      and id >= ${idOf(many - 3_000)} order by id desc`
    expect(seen).toEqual(rows.map((row) => row.id))
    expect(seen.length).toBeGreaterThan(900)
  })
})

describe('runs', () => {
  const filters = [
    ...choices({
      journey: ['common', 'rare'],
      state: ['running', 'waiting', 'paused', 'completed', 'cancelled', 'failed'],
    }),
    { contact: 'c-77' },
    { contact: 'c-77', state: 'waiting', journey: 'common' },
  ]
  it.each(named(filters))('by %s', (_, filter) =>
    cheap(() => listRuns(db, { ...(filter as Partial<RunFilter>), limit: 50 })),
  )

  it.each(named([{ state: 'exited' }, { state: 'exited', journey: 'common' }]))(
    'by %s, of which there are none: a short page after a bounded look',
    (_, filter) => cheap(() => listRuns(db, { ...(filter as Partial<RunFilter>), limit: 50 }), mostOfCommon),
  )

  it('in one state, of all journeys, are the newest first', async () => {
    const page = await listRuns(db, { state: 'failed', limit: 50 })
    expect(page.items.map((item) => item.journey)).toEqual(['common', 'rare'])
    const [first] = (await listRuns(db, { state: 'failed', limit: 1 })).items
    expect((await listRuns(db, { state: 'failed', limit: 1, after: first?.id })).items[0]?.journey).toBe(
      'rare',
    )
  })
})

describe('contacts', () => {
  const filters = [
    undefined,
    { externalId: 'c-77' },
    { channel: 'email', address: 'p77@example.com' },
    { channel: 'email', address: 'p2@example.com' },
    { channel: 'email', address: 'nobody@example.com' },
  ]
  it.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))('by %s', async (_, filter) => {
    await cheap(() => listContacts(db, { limit: 50 }, filter))
    await cheap(() => listContacts(db, { limit: 50, after: idOf(many / 2) }, filter))
  })

  it('are read with their addresses in one statement, however long the page', async () => {
    said = []
    const page = await listContacts(db, { limit: 200 })
    expect(page.items).toHaveLength(200)
    expect(page.items[0]).toMatchObject({ externalId: 'c-1', email: 'p1@example.com', phone: null })
    expect(said).toHaveLength(1)
  })
})

describe('suppressions', () => {
  const filters = choices({ channel: ['email', 'sms', 'push'], lifted: [true] })
  const ofPoint = choices({ lifted: [true] }).map((one) => ({
    ...one,
    channel: 'email',
    address: 'p2@example.com',
  }))
  it.each([...filters, ...ofPoint].map((one) => [JSON.stringify(one), one] as const))('by %s', (_, filter) =>
    cheap(() => listSuppressions(db, { lifted: false, ...filter, limit: 50 })),
  )
})

it('double opt-ins whose time is over, long ago, are found among all that were ever confirmed', async () => {
  let found: string[] = []
  await cheap(async () => {
    found = await overdueDoubleOptIns(db, 200)
  })
  expect(found).toHaveLength(5)
})

it('how many confirmations an address was sent lately is known without reading all it was ever sent', async () => {
  const query = `select count(*) from deliveries where contact_point_id = ${id('77', '02')}
    and double_opt_in is not null and claimed_at > now() - interval '1 day'`
  const nodes = await planOf('costs off', query, [])
  expect(nodes.map((node) => node['Index Name'])).toContain('deliveries_confirming')
})

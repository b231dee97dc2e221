/** What was kept long enough is deleted outside requests, in small batches, by any number of processes at once. */
import { PgDialect } from 'drizzle-orm/pg-core'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { defaultDays, type RetentionName, retentionNames } from '../../../domain/retention.ts'
import { Retention } from '../../../engine/retention.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { onceFor } from '../../../transactions/onceFor.ts'
import { sweepBatch } from '../../../transactions/retention/sweepBatch.ts'
import { sweeps } from '../../../transactions/retention/sweeps.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { publish, putBrand, putPerson } from '../../harness/fixtures.ts'

let assent: Assent
let owner: postgres.Sql
let contact: string
let point: string
let journey: string
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 2, onnotice: () => {} })
  contact = (await putPerson(assent.api)).id
  const [address] = await owner<{ id: string }[]>`
    select contact_point_id as id from contact_addresses where contact_id = ${contact} and channel = 'email'`
  point = address?.id ?? ''
  journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
})
afterAll(async () => {
  await owner.end()
  await assent.stop()
})

type Rows = {
  table: string
  /** Only these rows count; left out: all of the table. */
  counting?: string
  insert(count: number, days: number): Promise<unknown>
}

/** Rows of an age, as they would be if nobody needed them any more. */
const rows: Record<RetentionName, Rows> = {
  'run-paths': {
    table: 'run_path',
    insert: (count, days) => owner`
      with numbers as (
        select ${oldId(days)} as id, ${ago(days)} as at from generate_series(1, ${count}::int)
      ), run as (
        insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at, ended_at)
        select id, ${journey}, 1, ${contact}, 'completed', '{}', 0, 0, at, at from numbers
      ), wait as (
        insert into waits (id, run_id, contact_id, step, visit, kind, state, since_seq, deadline, opened_at)
        select gen_random_uuid(), id, ${contact}, 'pause', 1, 'sleep', 'timed-out', 0, at, at from numbers
      )
      insert into run_path (run_id, step, visit, at, outcome) select id, 'pause', 1, at, 'waited' from numbers`,
  },
  'trigger-events': {
    table: 'trigger_events',
    insert: (count, days) => owner`
      insert into trigger_events (id, name, sender, sender_event, contact_id, seq, payload, occurred_at, recorded_at)
      select ${oldId(days)}, 'old.event', 's', 'e', null, null, '{}', ${ago(days)}, ${ago(days)} from generate_series(1, ${count}::int)`,
  },
  'trigger-ids': {
    table: 'trigger_ids',
    insert: (count, days) => owner`
      insert into trigger_ids (sender, name, id, answer, recorded_at)
      select 's', 'a.b', gen_random_uuid()::text, '{}', ${ago(days)} from generate_series(1, ${count}::int)`,
  },
  'idempotency-answers': {
    table: 'idempotency_keys',
    insert: (count, days) => owner`
      insert into idempotency_keys (caller, key, fingerprint, created_at)
      select 'caller', gen_random_uuid()::text, '', ${ago(days)} from generate_series(1, ${count}::int)`,
  },
  'provider-answers': {
    table: 'deliveries',
    counting: `provider_answer ? 'text'`,
    insert: (count, days) => owner`
      insert into deliveries (id, channel, message, purpose, state, provider_answer, settled_at)
      select ${oldId(days)}, 'email', 'first', 'marketing', 'sent', '{"code":250,"enhanced":"2.0.0","text":"Ok"}', ${ago(days)}
      from generate_series(1, ${count}::int)`,
  },
  'confirmation-links': {
    table: 'double_opt_in_tokens',
    insert: (count, days) => owner`
      with request as (
        insert into double_opt_ins (id, contact_point_id, profile, profile_version, message, grants, grants_key, state, mails,
          requested_at, expires_at, settled_at)
        select ${oldId(days)}, ${point}, 'default', 1, 'confirm', '[]', '', 'expired', '{}', ${ago(days)}, ${ago(days)}, ${ago(days)}
        from generate_series(1, ${count}::int) returning id
      )
      insert into double_opt_in_tokens (hash, double_opt_in, created_at)
      select sha256(convert_to(id::text, 'UTF8')), id, ${ago(days)} from request`,
  },
  verifications: {
    table: 'ledger_verifications',
    insert: (count, days) => owner`
      insert into ledger_verifications (id, state, finished_at)
      select gen_random_uuid(), 'finished', ${ago(days)} from generate_series(1, ${count}::int)`,
  },
  'test-mails': {
    table: 'test_mails',
    insert: (count, days) => owner`
      insert into test_mails (id, message, message_version, profile, profile_version, purpose, requested_by, recipient_masked,
        recipient_hash, state, created_at, settled_at)
      select gen_random_uuid(), 'first', 1, 'default', 1, 'marketing', 'key', 'x', sha256('x'), 'sent', ${ago(days)}, ${ago(days)}
      from generate_series(1, ${count}::int)`,
  },
  workers: {
    table: 'workers',
    insert: (count, days) => owner`
      insert into workers (id, task_queue, seen_at)
      select gen_random_uuid(), 'q', ${ago(days)} from generate_series(1, ${count}::int)`,
  },
}

const ago = (days: number) => owner`clock_timestamp() - make_interval(days => ${days}::int)`
/** A UUIDv7 of that day. */
const oldId = (days: number) => owner`(
  lpad(to_hex((extract(epoch from ${ago(days)}) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
  || '8' || substr(md5(random()::text), 1, 15))::uuid`

/** Rows of the tables that a sweep looks into before it deletes: as many as there would be. */
const judges: Partial<Record<RetentionName, () => Promise<unknown>>> = {
  'run-paths': () => owner`
    insert into deliveries (id, run_id, contact_id, channel, message, purpose, state)
    select gen_random_uuid(), id, contact_id, 'email', 'first', 'marketing', 'blocked' from runs`,
  'trigger-events': () => owner`
    with one as (
      insert into contacts (id, kind) select gen_random_uuid(), 'contact' from generate_series(1, 20000) returning id
    )
    , run as (
      insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at)
      select gen_random_uuid(), ${journey}, 1, id, 'waiting', '{}', 0, 0, now() from one returning id, contact_id, journey
    )
    insert into open_runs select id, contact_id, journey from run`,
}

async function count(name: RetentionName): Promise<number> {
  const { table, counting = 'true' } = rows[name]
  const [row] = await owner.unsafe<{ count: number }[]>(
    `select count(*)::int as count from ${table} where ${counting}`,
  )
  return row?.count ?? 0
}
/** By `delete`: a `truncate` would lock tables in another order than the processes do. */
async function clear(): Promise<void> {
  for (const table of ['deliveries', 'run_path', 'waits', 'runs', 'double_opt_in_tokens', 'double_opt_ins'])
    await owner`delete from ${owner(table)}`
  for (const name of retentionNames) await owner`delete from ${owner(rows[name].table)}`
  await owner`update retention_progress set last = '00000000-0000-0000-0000-000000000000'`
}
const newRetention = (more: Partial<ConstructorParameters<typeof Retention>[0]> = {}) =>
  new Retention({ db: assent.deps.db, log: pino({ level: 'silent' }), ...more })

beforeEach(() => clear())

describe.each(retentionNames)('%s', (name) => {
  const { insert } = rows[name]
  const days = defaultDays[name]

  it('go in batches once their time has come, the oldest first; younger ones stay', async () => {
    await insert(2, days + 2)
    await insert(3, days + 1)
    await insert(4, days - 1)
    const batch = () => sweepBatch(assent.deps.db, name, { days, most: 2 })
    expect([(await batch()).swept, (await batch()).swept]).toEqual([2, 2])
    expect(await count(name)).toBe(5)
    expect(await batch()).toMatchObject({ swept: 1 })
    expect(await batch()).toMatchObject({ swept: 0 })
    expect(await count(name)).toBe(4)
  })

  it('are found by an index, and so is what they are judged by', async () => {
    await insert(20_000, days - 1)
    await judges[name]?.()
    await owner`analyze`
    const { sql, params } = new PgDialect().sqlToQuery(
      sweeps[name].statement({ days, most: 500, after: null }),
    )
    const text = sql.replace(/\$(\d+)/g, (_, place: string) => {
      const value = params[Number(place) - 1]
      return value === null ? 'null' : String(value)
    })
    const plan = JSON.stringify(await owner.unsafe(`explain (format json) ${text}`))
    expect(plan).toContain(`"${sweeps[name].index}"`)
    const whole = [...plan.matchAll(/"Seq Scan"[^{}]*"Relation Name":"(\w+)"/g)].map(([, table]) => table)
    // It has one row for each sweep.
    expect(whole.filter((table) => table !== 'retention_progress')).toEqual([])
  })

  it('stay if the process dies before the commit, and go with the next sweep', async () => {
    await insert(5, days + 1)
    const remove = installFailpoint('retention:swept', async () => {
      await owner`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`
    })
    await expect(sweepBatch(assent.deps.db, name, { days })).rejects.toThrow()
    remove()
    expect(await count(name)).toBe(5)
    expect((await sweepBatch(assent.deps.db, name, { days })).swept).toBe(5)
    expect(await count(name)).toBe(0)
  })
})

describe('a round', () => {
  it('deletes everything that is due, beside other processes, and waits for no row that another transaction has locked', async () => {
    for (const name of retentionNames) await rows[name].insert(1_203, defaultDays[name] + 1)
    const lock = await owner.reserve()
    await lock`begin`
    await lock`select from idempotency_keys limit 1 for update`
    await lock`select from runs limit 1 for update`
    await lock`select from trigger_events limit 1 for update`
    const swept: Partial<Record<RetentionName, number>> = {}
    const onSwept = (name: RetentionName, some: number) => {
      swept[name] = (swept[name] ?? 0) + some
    }
    await Promise.all([1, 2, 3].map(() => newRetention({ onSwept }).sweep()))
    const left = new Map<RetentionName, number>([
      ['run-paths', 1],
      ['trigger-events', 1],
      ['idempotency-answers', 1],
    ])
    for (const name of retentionNames) {
      expect(await count(name), name).toBe(left.get(name) ?? 0)
      // No process counts what another one deleted.
      expect(swept[name], name).toBe(1_203 - (left.get(name) ?? 0))
    }
    await lock`rollback`
    lock.release()
    await newRetention().sweep()
    for (const name of retentionNames) expect(await count(name), name).toBe(0)
  })

  it('goes on with the other sweeps where one fails, and says which', async () => {
    await owner`alter table trigger_ids rename to away`
    await rows.workers.insert(2, 3)
    const logged: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => logged.push(line) })
    try {
      await newRetention({ log }).sweep()
    } finally {
      await owner`alter table away rename to trigger_ids`
    }
    expect(await count('workers')).toBe(0)
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, retention: 'trigger-ids' },
      { level: 30, retention: 'workers', rows: 2, days: 1, msg: 'Rows past their retention were deleted.' },
    ])
  })

  it('keeps things for as long as the setting says', async () => {
    await rows['trigger-events'].insert(3, 200)
    await newRetention().sweep()
    expect(await count('trigger-events')).toBe(3)
    await newRetention({ days: { ...defaultDays, 'trigger-events': 180 } }).sweep()
    expect(await count('trigger-events')).toBe(0)
  })

  it('passes over events that stay, however many they are, to those behind them', async () => {
    const days = defaultDays['trigger-events']
    await owner`with run as (
        insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at)
        values (gen_random_uuid(), ${journey}, 1, ${contact}, 'waiting', '{}', 0, 0, ${ago(days + 9)}) returning id, contact_id, journey
      )
      insert into open_runs select id, contact_id, journey from run`
    await owner`insert into trigger_events (id, name, sender, sender_event, contact_id, seq, payload, occurred_at, recorded_at)
      select ${oldId(days + 5)}, 'old.event', 's', 'e', ${contact}, n, '{}', ${ago(days + 5)}, ${ago(days + 5)}
      from generate_series(1, 1500) n`
    await rows['trigger-events'].insert(10, days + 1)
    await newRetention().sweep()
    expect(await count('trigger-events')).toBe(1_500)
    await owner`update runs set state = 'completed', ended_at = clock_timestamp()`
    await owner`delete from open_runs`
    await newRetention().sweep()
    expect(await count('trigger-events')).toBe(0)
  })
})

describe('the path of a run', () => {
  const days = defaultDays['run-paths']

  it('goes whole, where a batch ends in the middle of it', async () => {
    await rows['run-paths'].insert(1, days + 1)
    await owner`insert into run_path (run_id, step, visit, at, outcome)
      select run_id, 'pause', n, at, 'waited' from run_path cross join generate_series(2, 7) n`
    expect(await sweepBatch(assent.deps.db, 'run-paths', { days, most: 3 })).toMatchObject({
      looked: 3,
      swept: 7,
    })
    expect(await count('run-paths')).toBe(0)
  })

  it('stays until long after the end, however long ago the run began', async () => {
    await rows['run-paths'].insert(3, days + 100)
    await owner`update runs set ended_at = ${ago(days - 1)}`
    await rows['run-paths'].insert(2, days + 1)
    await newRetention().sweep()
    expect([await count('run-paths'), (await owner`select from waits`).length]).toEqual([3, 3])
  })
})

describe('the words of providers’ answers', () => {
  it('go alone: the delivery keeps its row, and the codes of the answer', async () => {
    await rows['provider-answers'].insert(1, 91)
    await newRetention().sweep()
    expect([...(await owner`select state, provider_answer from deliveries`)]).toEqual([
      { state: 'sent', provider_answer: { code: 250, enhanced: '2.0.0' } },
    ])
  })

  it('are looked for in each delivery once, however many processes sweep', async () => {
    const days = defaultDays['provider-answers']
    await rows['provider-answers'].insert(5, days + 1)
    const sweep = () => sweepBatch(assent.deps.db, 'provider-answers', { days })
    const batches = await Promise.all([sweep(), sweep(), sweep()])
    expect(batches.reduce((sum, { looked }) => sum + looked, 0)).toBe(5)
    expect(await sweep()).toEqual({ looked: 0, swept: 0, last: null })
  })
})

it('a request with an Idempotency-Key deletes nothing of others', async () => {
  await rows['idempotency-answers'].insert(30, 8)
  const request = { caller: 'caller', key: 'key', fingerprint: new Uint8Array([1]) }
  const answer = await onceFor(assent.deps, request, async () => ({ status: 201, body: { id: 'x' } }))
  expect(answer).toMatchObject({ status: 201 })
  expect(await count('idempotency-answers')).toBe(31)
})

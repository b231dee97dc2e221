/**
 * Makes many contacts out of one, by SQL alone: whatever the database holds of the first contact is copied with other
 * ids, addresses and hashes. The first one came about as any contact does, so the copies have the shape that the code
 * writes, and a new column or table is copied like the others.
 *
 * Ids differ in their last eight digits, names in the number of `bench-0`. The ledger of each copy is a chain of its own.
 */
import postgres from 'postgres'

/** Tables that belong to no contact: never copied. */
const ofNobody = [
  'api_keys',
  'decision_frames',
  'idempotency_keys',
  'journey_versions',
  'journeys',
  'ledger_verifications',
  'message_versions',
  'messages',
  'notices',
  'outbox',
  'profile_versions',
  'profiles',
  'purpose_versions',
  'purposes',
  'recovery',
  'schema_migrations',
  'test_mails',
  'topics',
  'trigger_definitions',
  'workers',
]

/** Copies per statement; progress is printed after each. */
const chunk = 10_000

/**
 * Copies the only contact of a database, `bench-0`, until there are as many as wanted.
 * @param url as superuser: foreign keys are not checked again for each copy
 * @param wanted contacts, the first one included
 */
export async function copyContacts(url: string, wanted: number, say: (line: string) => void): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe('set session_replication_role = replica; set synchronous_commit = off')
    await sql.unsafe(functions)
    const tables = await tablesOfContacts(sql)
    for (const { name } of tables) {
      const more =
        name === 'consent_events' ? ", seq, pg_temp.marked(convert_from(bytes, 'UTF8')) as hashed" : ''
      await sql.unsafe(
        `create temporary table original_${name} as select pg_temp.marked(to_jsonb(one)::text) as content${more} from ${name} one`,
      )
    }
    for (let from = 1, to = 0; from < wanted; from = to + 1) {
      to = Math.min(to + chunk, wanted - 1)
      for (const table of tables) {
        if (table.name === 'consent_events') await copyLedger(sql, table, from, to)
        else await copyRows(sql, table, from, to)
      }
      say(`${to} copies of ${wanted - 1}`)
    }
    await sql.unsafe('vacuum analyze')
  } finally {
    await sql.end()
  }
}

/**
 * The first contact's text with a mark where its number belongs: in its name, and at the end of each uuid (version 7).
 * Patterns are slow, so they are looked for once and not for each copy.
 */
const functions = `
  create function pg_temp.marked(content text) returns text language sql immutable as $$
    select replace(
      regexp_replace(content, '([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{4})[0-9a-f]{8}', '\\1<hex>', 'g'),
      'bench-0', 'bench-<number>')
  $$;
  create function pg_temp.numbered(content text, copy integer) returns text language sql immutable as $$
    select replace(replace(content, '<hex>', lpad(to_hex(copy), 8, '0')), '<number>', copy::text)
  $$`

type Table = { name: string; columns: string[] }

/** Tables that hold something of a contact; contact points last, since they name the end of their ledger. */
async function tablesOfContacts(sql: postgres.Sql): Promise<Table[]> {
  const rows = await sql<Table[]>`
    select c.table_name::text as name, array_agg(c.column_name::text) as columns
    from information_schema.columns c join pg_class on pg_class.oid = format('public.%I', c.table_name)::regclass
    where c.table_schema = 'public' and c.is_generated = 'NEVER' and c.is_identity = 'NO'
      and pg_class.relkind in ('r', 'p') and not pg_class.relispartition and c.table_name <> all (${ofNobody})
    group by c.table_name order by c.table_name = 'contact_points', c.table_name`
  return [...rows]
}

/**
 * The hash of a mail's handle, or of a link's token, belongs to one mail. The head of a ledger is the hash of its last
 * event.
 */
const values: Readonly<Record<string, string>> = {
  'handles.hash': 'sha256(made.hash || int4send(copy))',
  'links.handle_hash': 'sha256(made.handle_hash || int4send(copy))',
  'links.token_hash': 'sha256(made.token_hash || int4send(copy))',
  'contact_points.head_hash':
    '(select hash from consent_events e where e.contact_point_id = made.id and e.seq = made.head_seq)',
}

async function copyRows(
  sql: postgres.Sql,
  { name, columns }: Table,
  from: number,
  to: number,
): Promise<void> {
  await sql.unsafe(`
    insert into ${name} (${columns.join(', ')})
    select ${columns.map((column) => values[`${name}.${column}`] ?? `made.${column}`).join(', ')}
    from original_${name} cross join generate_series(${from}, ${to}) as copy
    cross join lateral jsonb_populate_record(null::${name}, pg_temp.numbered(content, copy)::jsonb) as made
    on conflict do nothing`)
}

/** The hash of each event covers the bytes of the copy and the hash before it. */
async function copyLedger(sql: postgres.Sql, { columns }: Table, from: number, to: number): Promise<void> {
  const chained: Readonly<Record<string, string>> = {
    bytes: 'own.bytes',
    previous_hash: 'before.hash',
    hash: 'sha256(before.hash || own.bytes)',
  }
  const seqs = await sql<{ seq: string }[]>`select seq from original_consent_events order by seq`
  for (const { seq } of seqs) {
    await sql.unsafe(`
      insert into consent_events (${columns.join(', ')})
      select ${columns.map((column) => chained[column] ?? `made.${column}`).join(', ')}
      from original_consent_events o cross join generate_series(${from}, ${to}) as copy
      cross join lateral jsonb_populate_record(null::consent_events, pg_temp.numbered(content, copy)::jsonb) as made
      cross join lateral (select convert_to(pg_temp.numbered(o.hashed, copy), 'UTF8') as bytes) own
      cross join lateral (select coalesce(
        (select hash from consent_events e where e.contact_point_id = made.contact_point_id and e.seq = made.seq - 1),
        decode(repeat('00', 32), 'hex')) as hash) before
      where o.seq = ${Number(seq)}`)
  }
}

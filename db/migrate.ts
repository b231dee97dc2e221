/**
 * Brings the schema up to date. Migrations are plain SQL files, applied in the order of their names, each in its own transaction. One
 * advisory lock covers them all, so any number of processes may start at once. A file that changed after it was applied is refused.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import postgres from 'postgres'

const folder = new URL('./migrations/', import.meta.url)
/** Key of our advisory lock: an arbitrary fixed number. */
const lockId = 7_236_001

class MigrationChanged extends Error {
  constructor(name: string) {
    super(`migration ${name} was changed after it had been applied`)
    this.name = 'MigrationChanged'
  }
}

/**
 * @param url address for the user that owns the database; not the user of the processes
 * @param user the user of the processes, which becomes a member of `assent_app`
 * @returns the names of the migrations applied now
 */
export async function migrate(url: string, user?: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_advisory_lock(${lockId})`
    await sql`create table if not exists schema_migrations (
      name text primary key, sha256 text not null, applied_at timestamptz not null default clock_timestamp())`
    await createRole(sql)
    if (user !== undefined) await letIn(sql, user)
    const applied = new Map(
      (await sql<{ name: string; sha256: string }[]>`select name, sha256 from schema_migrations`).map(
        (row) => [row.name, row.sha256],
      ),
    )
    const now: string[] = []
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
      const text = await readFile(new URL(name, folder), 'utf8')
      const sha256 = createHash('sha256').update(text).digest('hex')
      const known = applied.get(name)
      if (known !== undefined && known !== sha256) throw new MigrationChanged(name)
      if (known !== undefined) continue
      await sql.begin(async (tx) => {
        await tx.unsafe(text)
        await tx`insert into schema_migrations (name, sha256) values (${name}, ${sha256})`
      })
      now.push(name)
    }
    return now
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Files that have not been applied. Works for a user that may not apply them. Applied migrations newer than ours are no error. */
export async function missingMigrations(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
    const [there] = await sql<
      { there: boolean }[]
    >`select to_regclass('public.schema_migrations') is not null as there`
    if (there?.there !== true) return files
    const rows = await sql<{ name: string }[]>`select name from schema_migrations`
    const applied = new Set(rows.map((row) => row.name))
    return files.filter((file) => !applied.has(file))
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function letIn(sql: postgres.Sql, user: string): Promise<void> {
  const [row] = await sql<
    { member: boolean }[]
  >`select pg_has_role(${user}::name, 'assent_app', 'member') as member`
  if (row?.member !== true) await sql`grant assent_app to ${sql(user)}`
}

/** Roles belong to the whole cluster, so a migration of another database may create the same role at the same time. */
async function createRole(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`do $$ begin
    if not exists (select from pg_roles where rolname = 'assent_app') then create role assent_app nologin; end if;
    exception when duplicate_object or unique_violation then null;
  end $$`)
  // Since Postgres 16 the creator of a role administers it, but must grant itself the right to use it.
  const [server] = await sql<
    { version: number }[]
  >`select current_setting('server_version_num')::int as version`
  const privilege = (server?.version ?? 0) >= 160_000 ? 'SET' : 'MEMBER'
  const [row] = await sql<
    { may: boolean }[]
  >`select pg_has_role(current_user, 'assent_app', ${privilege}) as may`
  if (row?.may !== true) await sql.unsafe('grant assent_app to current_user')
}

/**
 * Ensures that the processes' database user cannot remove its own restrictions. The role `assent_app` protects nothing if its user can
 * leave it (`set role none`) and is then the tables' owner. So a user with such privileges is refused at start.
 */
import postgres from 'postgres'
import { migrate, missingMigrations } from './migrate.ts'

/** The database is not ready for a process. The message says what to do. */
export class DatabaseUnfit extends Error {
  override readonly name = 'DatabaseUnfit'
}

/**
 * Applies migrations if the owner's address is given; then checks that the processes' user is restricted and the schema is current.
 * @returns the names of the migrations applied now
 * @throws DatabaseUnfit
 */
export async function readyDatabase(addresses: {
  DATABASE_URL: string
  MIGRATION_DATABASE_URL?: string | undefined
}): Promise<string[]> {
  const { DATABASE_URL: url, MIGRATION_DATABASE_URL: owner } = addresses
  const migrated = owner === undefined ? [] : await migrate(owner, userOf(url))
  const powers = await powersOf(url)
  if (powers.length > 0) {
    throw new DatabaseUnfit(
      `the user in DATABASE_URL could undo the protection of the ledger: it ${powers.join(', ')}. ` +
        'Let DATABASE_URL name a user that is a member of assent_app and nothing else, and MIGRATION_DATABASE_URL the owner (docs/operations.md)',
    )
  }
  const missing = await missingMigrations(url)
  if (missing.length > 0) {
    throw new DatabaseUnfit(
      `the schema lacks ${missing.join(', ')}: run "npm run migrate" with MIGRATION_DATABASE_URL set`,
    )
  }
  return migrated
}

export function userOf(url: string): string {
  return decodeURIComponent(new URL(url).username)
}

/** The privileges of a user, or of any role it can assume, that could change the ledger. Empty: it has none. */
export async function powersOf(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql<Record<string, boolean>[]>`
      with own as (select * from pg_roles where pg_has_role(session_user, oid, 'member'))
      select
        exists (select from own where rolsuper) as "is a superuser",
        exists (select from own where rolcreaterole) as "may make and grant roles",
        exists (select from own where rolreplication) as "may replicate",
        exists (select from own join pg_database on datdba = own.oid where datname = current_database()) as "owns the database",
        exists (select from own join pg_namespace on nspowner = own.oid where nspname = 'public' and rolname <> 'pg_database_owner')
          as "owns the schema",
        exists (select from own join pg_class on relowner = own.oid where relnamespace = 'public'::regnamespace) as "owns tables",
        exists (select from own join pg_proc on proowner = own.oid where pronamespace = 'public'::regnamespace) as "owns functions",
        exists (select from own where to_regclass('public.consent_events') is not null
          and has_table_privilege(own.oid, to_regclass('public.consent_events'), 'update, delete, truncate, trigger')) as "may change the ledger",
        exists (select from own where has_parameter_privilege(own.oid, 'session_replication_role', 'set')) as "may switch triggers off",
        exists (select from own where rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program'))
          as "may write to the server"`
    return Object.entries(row ?? {}).flatMap(([power, held]) => (held ? [power] : []))
  } finally {
    await sql.end({ timeout: 5 })
  }
}

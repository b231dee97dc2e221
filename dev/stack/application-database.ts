/** The application's own user and database in a Postgres: the owner migrates, the user can do no more than the application needs. */
import postgres from 'postgres'
import { migrate } from '../../db/migrate.ts'
import { powersOf } from '../../db/restricted.ts'

/**
 * Makes database and user unless they are there, sets the user's password, and applies the migrations as the superuser.
 *
 * @param name of the database: letters and underscores only
 * @returns the address for DATABASE_URL
 */
export async function applicationDatabase(
  adminUrl: string,
  password: string,
  name = 'assent',
): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} })
  try {
    const [database] = await sql`select from pg_database where datname = ${name}`
    if (database === undefined) await sql.unsafe(`create database ${name}`)
    else await sql.unsafe(`alter database ${name} owner to current_user`)
  } finally {
    await sql.end()
  }
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return harmlessUser(url.href, 'assent', password)
}

/**
 * A user for the processes beside the owner of a database, and that database migrated.
 *
 * @param owner address of a user that owns the database and may make roles
 * @returns the address for DATABASE_URL
 */
async function harmlessUser(owner: string, name: string, password: string): Promise<string> {
  const sql = postgres(owner, { max: 1, onnotice: () => {} })
  try {
    const [role] = await sql`select from pg_roles where rolname = ${name}`
    if (role === undefined) await sql`create role ${sql(name)} login`
    // Stacks of before: there the processes' user was the owner.
    else if ((await sql`select from pg_class where relowner = ${name}::regrole limit 1`).length > 0) {
      await sql`reassign owned by ${sql(name)} to current_user`
    }
    // A password is made of base64url characters only, so it needs no escaping.
    await sql.unsafe(`alter role "${name}" nocreaterole password '${password}'`)
  } finally {
    await sql.end()
  }
  await migrate(owner, name)
  const url = new URL(owner)
  url.username = name
  url.password = password
  return url.href
}

/**
 * The address that the processes of a local stack use, where a person gave one: as it is if its user is harmless, or if there is another for
 * the migrations; else that of a user made beside it.
 */
export async function givenDatabase(
  url: string,
  owner: string | undefined,
  password: string,
): Promise<string> {
  if (owner !== undefined || (await powersOf(url)).length === 0) return url
  return harmlessUser(url, 'assent_runtime', password)
}

/** The application's own role and database in our Postgres: no superuser, as in production. */
import postgres from 'postgres'

/**
 * Makes them unless they are there, and sets the role's password.
 *
 * @returns the address for DATABASE_URL
 */
export async function applicationDatabase(adminUrl: string, password: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} })
  try {
    const [role] = await sql`select from pg_roles where rolname = 'assent'`
    if (role === undefined) await sql.unsafe('create role assent login createrole')
    // A password is made of base64url characters only, so it needs no escaping.
    await sql.unsafe(`alter role assent password '${password}'`)
    const [database] = await sql`select from pg_database where datname = 'assent'`
    if (database === undefined) await sql.unsafe('create database assent owner assent')
  } finally {
    await sql.end()
  }
  const url = new URL(adminUrl)
  url.username = 'assent'
  url.password = password
  url.pathname = '/assent'
  return url.href
}

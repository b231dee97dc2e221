/** A database of its own for a test file, copied from the migrated template. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { runtimeUser } from './keys.ts'

export type OwnDatabase = {
  /** As owner: what migrations use, and tests that tamper. */
  url: string
  /** As the processes' user. */
  runtimeUrl: string
  drop(): Promise<void>
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const admin = inject('postgres')
  const name = `t_${randomBytes(6).toString('hex')}`
  await inAdmin(admin, `create database ${name} template ${inject('template')}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  const runtime = new URL(url)
  runtime.username = runtimeUser.name
  runtime.password = runtimeUser.password
  return {
    url: url.href,
    runtimeUrl: runtime.href,
    drop: () => inAdmin(admin, `drop database if exists ${name} with (force)`),
  }
}

async function inAdmin(admin: string, statement: string): Promise<void> {
  const sql = postgres(admin, { max: 1 })
  try {
    // Two files may copy the template at once, which Postgres refuses; an advisory lock makes them take turns.
    await sql`select pg_advisory_lock(4711)`
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

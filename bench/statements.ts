/** Which SQL statements a measurement made, how often and how long, by pg_stat_statements; for `--profile` only. */
import { writeFileSync } from 'node:fs'
import postgres from 'postgres'

/** Has the server count statements from its next start on. */
export async function countStatements(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1 })
  try {
    await sql.unsafe(`alter system set shared_preload_libraries = 'pg_stat_statements'`)
    await sql.unsafe(`alter system set track_io_timing = on`)
  } finally {
    await sql.end()
  }
}

export type Statements = {
  forget(): Promise<void>
  /** Writes a table, most time first. */
  write(file: string, per: number): Promise<void>
  close(): Promise<void>
}

/** @param url as superuser, in the database that is measured */
export async function statementsOf(url: string): Promise<Statements> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`create extension if not exists pg_stat_statements`
  return {
    forget: async () => {
      await sql`select pg_stat_statements_reset()`
    },
    write: async (file, per) => {
      const rows = await sql<{ calls: number; total: number; query: string }[]>`
        select calls::int, total_exec_time as total, regexp_replace(query, '\\s+', ' ', 'g') as query
        from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
        order by total_exec_time desc`
      const all = rows.reduce((sum, row) => sum + row.calls, 0)
      const time = rows.reduce((sum, row) => sum + row.total, 0)
      const head = `${(all / per).toFixed(1)} statements and ${(time / per).toFixed(2)} ms each, over ${per}\n\n`
      const lines = rows.map(
        (row) =>
          `${(row.calls / per).toFixed(2).padStart(7)} ×  ${(row.total / per).toFixed(3).padStart(8)} ms  ${row.query.slice(0, 220)}`,
      )
      writeFileSync(file, `${head}${lines.join('\n')}\n`)
    },
    close: () => sql.end(),
  }
}

/** How many rows each table has, seen past the application and its connections: shows that nothing was changed. */
import postgres from 'postgres'

export type Counts = Record<string, number>

/** @param except tables that change by themselves */
export async function countRows(databaseUrl: string, except: readonly string[] = []): Promise<Counts> {
  const sql = postgres(databaseUrl, { max: 1 })
  try {
    const tables = await sql<{ name: string }[]>`
      select tablename as name from pg_tables where schemaname = 'public' order by tablename`
    const counts: Counts = {}
    for (const { name } of tables) {
      if (except.includes(name)) continue
      const [row] = await sql<{ count: number }[]>`select count(*)::int as count from ${sql(name)}`
      counts[name] = row?.count ?? 0
    }
    return counts
  } finally {
    await sql.end()
  }
}

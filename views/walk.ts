/**
 * Pages of long lists: ids, found along one index that begins with what is asked for and ends in the id.
 *
 * What is asked for stands in the statement as a range of the whole index, `(message, state, id) < (…)`, and in its order. Said as
 * `message = … order by id`, the planner may think the walk along all ids cheaper, which it is where what is asked for is common,
 * and which reads the whole table where it is rare, or was common long ago.
 */
import { and, getTableName, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Db } from '../db/connect.ts'
import { firstIdOf } from '../db/ids.ts'
import { instantShape } from '../domain/shapes/primitives.ts'
import { type Page, rowsFor } from './page.ts'

/** Query parameters of a list by time: ids carry the moment their row was made, so a period is a range of ids. */
export const periodQuery = {
  from: instantShape.optional().meta({ description: 'Made at this moment or later' }),
  to: instantShape.optional().meta({ description: 'Made before this moment' }),
}

export type Period = { from?: string | undefined; to?: string | undefined }

/** Nobody's ids: below and above all that are made. */
const lowest = '00000000-0000-0000-0000-000000000000'
const highest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export type Walk = {
  /** What the index begins with, in its order, and what each column must be. */
  along: readonly (readonly [PgColumn, unknown])[]
  /** The id that the index ends in. */
  id: PgColumn
  /** What else must hold: the predicate of a partial index, or what few rows are left to look at for. */
  where?: readonly (SQL | undefined)[]
  /** The cursor: the last id of the page before. */
  after?: string | undefined
  limit: number
}

/** A select of the ids of one page, the newest first. */
export function newestFirst(table: PgTable, walk: Walk & Period, answer: Answer = ids(walk)): SQL {
  const { lower, upper } = boundsOf(walk)
  return select(table, walk, {
    lower: sql`>= ${edge(walk, lower)}`,
    upper: sql`< ${edge(walk, upper)}`,
    direction: sql`desc`,
    ...answer,
  })
}

/** As `newestFirst`, of rows so few that all of them are read, by the index of what they have in common. */
export function newestOfFew(
  table: PgTable,
  { id, where, limit, ...walk }: Omit<Walk, 'along'> & Period,
): SQL {
  const { lower, upper } = boundsOf(walk)
  return sql`with few as materialized (
      select ${id} as id from ${table} where ${and(...(where ?? []), sql`${id} >= ${lower}`, sql`${id} < ${upper}`)}
    ) select id from few order by id desc limit ${rowsFor(limit)}`
}

function boundsOf({ from, to, after }: Period & Pick<Walk, 'after'>): { lower: string; upper: string } {
  const upper = [to === undefined ? highest : firstIdOf(to), after ?? highest].sort()[0] ?? highest
  return { lower: from === undefined ? lowest : firstIdOf(from), upper }
}

/** A select of the ids of one page, the oldest first. */
export function oldestFirst(table: PgTable, walk: Walk): SQL {
  return select(table, walk, {
    lower: sql`> ${edge(walk, walk.after ?? lowest)}`,
    upper: sql`< ${edge(walk, highest)}`,
    direction: sql`asc`,
    ...ids(walk),
  })
}

/** The page of several walks together: of the newest of each, the newest. @param each a table expression `one` and a walk along it */
export function newestOf(each: { one: SQL; walk: SQL }, limit: number): SQL {
  return sql`select page.id from ${each.one} cross join lateral (${each.walk}) page(id)
    order by page.id desc limit ${rowsFor(limit)}`
}

/**
 * For what is too common for an index of its own: the page is looked for among the next `mostLooked` rows of a walk, so that it costs
 * no more where what is asked for is rare. Then the page is short, and goes on at `lastLooked`.
 */
const mostLooked = 10_000

/** `last`: of a page that may end before its limit, where the next one begins. */
export type Found = { page: SQL; last: SQL | null }

export const whole = (page: SQL): Found => ({ page, last: null })

/** The newest rows that fit the filter, among those that a page may look at. */
export function among(table: PgTable, walk: Walk & Period, filter: SQL): Found {
  return { page: newestAmong(table, walk, filter), last: lastLooked(table, walk) }
}

/** A page that was looked for among many: where it is short, it goes on where the look ended. */
export async function shortened<T>(db: Db, page: Page<T>, { last }: Found): Promise<Page<T>> {
  if (page.next !== null || last === null) return page
  const [row] = await db.execute<{ id: string }>(last)
  return { ...page, next: row?.id ?? null }
}

/** As `newestFirst`, of the rows that fit the filter. */
function newestAmong(table: PgTable, walk: Walk & Period, filter: SQL): SQL {
  const looked = newestFirst(table, walk, { columns: sql`*`, rows: sql.raw(String(mostLooked)) })
  // In the order of the walk, so that it ends with the page.
  const order = [...walk.along.map(([column]) => column), walk.id].map((column) => sql`${column} desc`)
  return sql`select ${walk.id} from (${looked}) as ${sql.identifier(getTableName(table))}
    where ${filter} order by ${sql.join(order, sql`, `)} limit ${rowsFor(walk.limit)}`
}

/** The last id that `newestAmong` looks at; no row where it looks at everything there is. */
function lastLooked(table: PgTable, walk: Walk & Period): SQL {
  return newestFirst(table, walk, {
    columns: sql`${walk.id} as id`,
    rows: sql.raw(`1 offset ${mostLooked - 1}`),
  })
}

function edge({ along }: Walk, id: string): SQL {
  const values = [...along.map(([, value]) => sql`${value}`), sql`${id}`]
  return sql`row(${sql.join(values, sql`, `)})`
}

/** What a walk answers, and how many rows. */
type Answer = { columns: SQL; rows: SQL }

const ids = ({ id, limit }: Walk): Answer => ({ columns: sql`${id}`, rows: rowsFor(limit) })

type Range = { lower: SQL; upper: SQL; direction: SQL }

function select(table: PgTable, walk: Walk, range: Range & Answer): SQL {
  const columns = [...walk.along.map(([column]) => column), walk.id].map((column) => sql`${column}`)
  const place = sql`row(${sql.join(columns, sql`, `)})`
  const order = columns.map((column) => sql`${column} ${range.direction}`)
  const where = and(sql`${place} ${range.lower}`, sql`${place} ${range.upper}`, ...(walk.where ?? []))
  return sql`select ${range.columns} from ${sql.identifier(getTableName(table))} where ${where}
    order by ${sql.join(order, sql`, `)} limit ${range.rows}`
}

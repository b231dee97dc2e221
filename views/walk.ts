/**
 * Pages of long lists: ids, read along one index that begins with the filter's columns and ends with the id.
 *
 * The statement contains the filter as a range of the whole index, `(message, state, id) < (…)`, in the index's order.
 * With `message = … order by id`, the planner may choose a walk along all ids. That is cheaper for common values, but
 * reads the whole table for values that are rare, or were common long ago.
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

/** Bounds below and above all generated ids. */
const lowest = '00000000-0000-0000-0000-000000000000'
const highest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export type Walk = {
  /** The leading columns of the index, in order, and the value of each. */
  along: readonly (readonly [PgColumn, unknown])[]
  /** The id that the index ends in. */
  id: PgColumn
  /** Further conditions: the predicate of a partial index, or a filter on the few rows that remain. */
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

/** As `newestFirst`, for so few rows that all of them are read, by the index on their common column. */
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

/**
 * The page of several walks together: of the newest of each, the newest.
 * @param each a table expression `one` and a walk along it
 */
export function newestOf(each: { one: SQL; walk: SQL }, limit: number): SQL {
  return sql`select page.id from ${each.one} cross join lateral (${each.walk}) page(id)
    order by page.id desc limit ${rowsFor(limit)}`
}

/**
 * For values too common for an index of their own: the page is searched among the next `mostLooked` rows of a walk,
 * which bounds the cost if matches are rare. The page may then be short, and the next one begins at `lastLooked`.
 */
const mostLooked = 10_000

/** `last`: for a page that may have fewer items than its limit, the cursor of the next page. */
export type Found = { page: SQL; last: SQL | null }

export const whole = (page: SQL): Found => ({ page, last: null })

/** The newest rows that fit the filter, among those that a page may look at. */
export function among(table: PgTable, walk: Walk & Period, filter: SQL): Found {
  return { page: newestAmong(table, walk, filter), last: lastLooked(table, walk) }
}

/** A page from a bounded search: if it is short, the next page begins where the search ended. */
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

/**
 * Pages of long lists: ids, found along one index that begins with what is asked for and ends in the id.
 *
 * What is asked for stands in the statement as a range of the whole index, `(message, state, id) < (…)`, and in its order. Said as
 * `message = … order by id`, the planner may think the walk along all ids cheaper, which it is where what is asked for is common,
 * and which reads the whole table where it is rare, or was common long ago.
 */
import { and, getTableName, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { firstIdOf } from '../db/ids.ts'
import { instantShape } from '../domain/shapes/primitives.ts'
import { rowsFor } from './page.ts'

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
export function newestFirst(table: PgTable, walk: Walk & Period): SQL {
  const { from, to, after } = walk
  const upper = [to === undefined ? highest : firstIdOf(to), after ?? highest].sort()[0] ?? highest
  return select(table, walk, {
    lower: sql`>= ${edge(walk, from === undefined ? lowest : firstIdOf(from))}`,
    upper: sql`< ${edge(walk, upper)}`,
    direction: sql`desc`,
  })
}

/** A select of the ids of one page, the oldest first. */
export function oldestFirst(table: PgTable, walk: Walk): SQL {
  return select(table, walk, {
    lower: sql`> ${edge(walk, walk.after ?? lowest)}`,
    upper: sql`< ${edge(walk, highest)}`,
    direction: sql`asc`,
  })
}

/** The page of several walks together: of the newest of each, the newest. @param each a table expression `one` and a walk along it */
export function newestOf(each: { one: SQL; walk: SQL }, limit: number): SQL {
  return sql`select page.id from ${each.one} cross join lateral (${each.walk}) page(id)
    order by page.id desc limit ${rowsFor(limit)}`
}

function edge({ along }: Walk, id: string): SQL {
  const values = [...along.map(([, value]) => sql`${value}`), sql`${id}`]
  return sql`row(${sql.join(values, sql`, `)})`
}

function select(table: PgTable, walk: Walk, range: { lower: SQL; upper: SQL; direction: SQL }): SQL {
  const columns = [...walk.along.map(([column]) => column), walk.id].map((column) => sql`${column}`)
  const place = sql`row(${sql.join(columns, sql`, `)})`
  const order = columns.map((column) => sql`${column} ${range.direction}`)
  const where = and(sql`${place} ${range.lower}`, sql`${place} ${range.upper}`, ...(walk.where ?? []))
  return sql`select ${walk.id} from ${sql.identifier(getTableName(table))} where ${where}
    order by ${sql.join(order, sql`, `)} limit ${rowsFor(walk.limit)}`
}

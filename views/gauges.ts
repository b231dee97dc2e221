/**
 * Gauges of the whole installation, for `/metrics`. Each query walks an index that contains only the counted rows, up
 * to a bound: however large the tables and backlogs are, it reads at most that many rows.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { PreparedQuery } from '../db/preparedQuery.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { doubleOptIns } from '../db/schema/doubleOptIns.ts'
import { runs } from '../db/schema/journeys.ts'
import { recovery } from '../db/schema/recovery.ts'
import { outbox } from '../db/schema/triggers.ts'
import type { DeliveryState } from '../domain/delivery/states.ts'
import { laneName, lanes } from '../domain/lanes.ts'
import type { Gauges } from '../telemetry/gauges.ts'
import { readWorkers } from './workers.ts'

/** Rows counted of one lane, and of anything else. */
const most = { lane: 100_000, other: 10_000 }

/** States that an operator has to look at. All others are brief or final, and are counted as they happen. */
const watchedStates = ['held', 'unknown'] as const satisfies DeliveryState[]

/**
 * For one transaction: no plan that reads a whole table, sorts it, or collects all matches before the bound, whatever
 * the statistics say; and three seconds a statement.
 */
export const bounded = new PreparedQuery<Record<string, never>, never>(
  sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('plan_cache_mode', 'force_custom_plan', true), set_config('statement_timeout', '3000', true)`,
)

const laneNumbers = sql.raw(`'{${Object.values(lanes).join(',')}}'`)

/** Exported, as the others, for the test that looks at what it reads. */
export const lanesSql = sql`
  select part.lane, counted.rows, first.seconds from unnest(${laneNumbers}::smallint[]) as part (lane)
  cross join lateral (
    select count(*)::int as rows from (
      select from ${outbox} where state = 'waiting' and lane = part.lane
      order by written_in, id limit ${sql.raw(String(most.lane))}) as waiting
  ) as counted
  left join lateral (
    select extract(epoch from clock_timestamp() - created_at)::float8 as seconds
    from ${outbox} where state = 'waiting' and lane = part.lane order by written_in, id limit 1
  ) as first on true`

/** Literals, not parameters: a partial index serves a condition that is known when the statement is planned. */
const countOf = (table: PgTable, condition: string): SQL =>
  sql`(select count(*)::int from (select from ${table} where ${sql.raw(condition)} limit ${sql.raw(String(most.other))}) as counted)`

const counted: Readonly<Record<string, SQL>> = {
  outboxParked: countOf(outbox, `state = 'parked'`),
  // A run that was cancelled stays marked as parked. The bound keeps the planner from looking at all open runs instead.
  runsParked: sql`(select count(*) filter (where ended_at is null)::int from (
    select ended_at from ${runs} where parked is not null limit ${sql.raw(String(most.other))}) as counted)`,
  doubleOptInsPending: countOf(doubleOptIns, `state = 'pending'`),
  ...Object.fromEntries(
    watchedStates.map((state) => [state, countOf(deliveries, `course = '${state}' and course <> 'usual'`)]),
  ),
}

export const countsSql = sql`select ${sql.join(
  Object.entries(counted).map(([name, count]) => sql`${count} as ${sql.identifier(name)}`),
  sql`, `,
)}, (select (sweep->>'seen')::int from ${recovery}) as ${sql.identifier('sweepSeen')}`

const laneQuery = new PreparedQuery<
  Record<string, never>,
  { lane: number; rows: number; seconds: number | null }
>(lanesSql)
const countsQuery = new PreparedQuery<Record<string, never>, Record<string, unknown>>(countsSql)

const countShape = z.number().int()
const countsShape = z
  .object({ outboxParked: countShape, runsParked: countShape, doubleOptInsPending: countShape })
  .extend({ sweepSeen: countShape.nullable() })
  .catchall(countShape)

/** In a transaction, and so on a connection of its own: a slow query here delays no other read. */
export async function readGauges(db: Db): Promise<Gauges> {
  const [, byLane, [row]] = await db.transaction((tx) =>
    Promise.all([bounded.all(tx, {}), laneQuery.all(tx, {}), countsQuery.all(tx, {})]),
  )
  const { outboxParked, runsParked, doubleOptInsPending, sweepSeen, ...states } = countsShape.parse(row)
  const { alive, channels } = await readWorkers(db)
  return {
    outbox: byLane.map(({ lane, rows, seconds }) => ({ lane: laneName(lane), rows, seconds: seconds ?? 0 })),
    outboxParked,
    deliveries: watchedStates.map((state) => ({ state, count: states[state] ?? 0 })),
    runsParked,
    doubleOptInsPending,
    workers: alive,
    channels: Object.entries(channels).map(([channel, { ok }]) => ({ channel, reachable: ok })),
    sweepSeen,
  }
}

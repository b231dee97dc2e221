/**
 * Leases on rows of the outbox. In one short transaction a dispatcher reports the results of its rows and leases new ones.
 *
 * 1. Only the first row of a stream can be leased, whatever state it is in; the next one only after it was deleted. So a stream is told in
 *    its order by any number of dispatchers. Rows of a stream are written under one lock: the order of their ids is the order of
 *    their commits.
 * 2. A lease is a `next_attempt_at` in the future. If its holder dies, it expires and the row is delivered again: delivery is idempotent.
 * 3. The statement begins at a floor per lane: no row that is left was written by an earlier transaction. It steps over no row that was
 *    deleted before, though a long snapshot elsewhere may keep those from being removed.
 */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { pipelined } from '../db/pipelined.ts'
import { columnsOf, given, PreparedQuery, rowsOf } from '../db/preparedQuery.ts'
import { outbox } from '../db/schema/triggers.ts'
import { lanes } from '../domain/lanes.ts'

export type OutboxRow = typeof outbox.$inferSelect

/** The result of a row that could not be delivered. */
export type Untold = {
  id: number
  /** Whether the attempt counts. False: the engine or the database is unreachable; the row keeps its place. */
  counted: boolean
  /** Seconds until the next attempt. */
  pause: number
  /** Name of the error, without its message. */
  error: string
}

/** Lowest `written_in` of the remaining rows, by lane. */
export type Floors = ReadonlyMap<number, number>

export type Exchange = {
  told: readonly number[]
  untold: readonly Untold[]
  /** Rows still being delivered, whose leases are extended. */
  kept: readonly number[]
  /** Most rows to lease. */
  room: number
  /** The lanes to lease from, with the most rows of each. */
  from: ReadonlyMap<number, number>
  floors: Floors
  /** Rows read per lane: more if the first ones cannot be leased. */
  page: number
}

/** Length of a lease in seconds. Longer than one delivery takes; rows of a dead process wait this long. */
export const leaseSeconds = 15
/** A row is parked after so many attempts. */
const mostAttempts = 10

export const allLanes: readonly number[] = Object.values(lanes)
export const noFloors: Floors = new Map(allLanes.map((lane) => [lane, 0]))

// Plan again each time: a plan made while the outbox was empty would read the whole table for each row.
const planAnew = new PreparedQuery<Record<string, never>, never>(
  sql`set local plan_cache_mode = force_custom_plan`,
)

/** Locks rows in the order of their ids: after an expired lease, two dispatchers may report the same rows. */
const lockRows = new PreparedQuery<{ ids: number[] }, { id: string }>(
  sql`select id from outbox where id = any(${given('ids')}::bigint[]) order by id for update`,
)

const remove = new PreparedQuery<{ ids: number[] }, never>(
  sql`delete from outbox where id = any(${given('ids')}::bigint[])`,
)

const prolong = new PreparedQuery<{ ids: number[] }, never>(
  sql`update outbox set next_attempt_at = statement_timestamp() + make_interval(secs => ${leaseSeconds}::int)
    where id = any(${given('ids')}::bigint[])`,
)

const putBack = new PreparedQuery<
  { untold: string },
  { id: string; stream: string; kind: string; state: string }
>(
  sql`update outbox set
      attempts = outbox.attempts + given.counted::int,
      next_attempt_at = statement_timestamp() + make_interval(secs => given.pause),
      last_error = given.error,
      state = case when outbox.attempts + given.counted::int >= ${mostAttempts}::int then 'parked' else outbox.state end,
      written_in = case when given.counted then pg_current_xact_id()::text::bigint else outbox.written_in end
    from jsonb_to_recordset(${given('untold')}::jsonb) as given (id bigint, counted boolean, pause float8, error text)
    where outbox.id = given.id
    returning outbox.id, outbox.stream, outbox.kind, outbox.state`,
)

type LeaseValues = { lanes: number[]; floors: number[]; rooms: number[]; page: number; room: number }

/** @param value where a value comes in: exported for the test that looks at what the statement reads */
export const leaseQuery = (value: (name: keyof LeaseValues) => SQLWrapper): SQL => sql`
  with page as materialized (
    select row.* from unnest(${value('lanes')}::smallint[], ${value('floors')}::bigint[], ${value('rooms')}::int[])
      as part (lane, floor, room)
    cross join lateral (
      select id, stream, lane, written_in, next_attempt_at, part.room from outbox
      where state = 'waiting' and lane = part.lane and written_in >= part.floor
      order by written_in, id limit ${value('page')}::int
    ) as row
  ), heads as (
    select distinct on (stream) * from page order by stream, id
  ), due as materialized (
    select id, lane, written_in, room, row_number() over (partition by lane order by written_in, id) as place from heads
    where next_attempt_at <= statement_timestamp()
      and not exists (select from outbox earlier where earlier.stream = heads.stream and earlier.id < heads.id)
  ), chosen as materialized (
    select id from due where place <= room
    order by lane, written_in, id limit ${value('room')}::int
  ), leased as (
    update outbox set next_attempt_at = statement_timestamp() + make_interval(secs => ${leaseSeconds}::int)
    where id = any(array(
      select id from outbox where id = any(array(select id from chosen))
        and state = 'waiting' and next_attempt_at <= statement_timestamp()
      for update skip locked))
    returning *
  )
  select ${columnsOf(outbox)} from leased order by lane, written_in, id`

const lease = rowsOf<LeaseValues>()(outbox, leaseQuery(given))

const lowest = new PreparedQuery<{ lanes: number[]; floors: number[] }, { lane: number; floor: string }>(
  sql`select part.lane, least(
      (select written_in from outbox where state = 'waiting' and lane = part.lane and written_in >= part.floor
       order by written_in, id limit 1),
      pg_snapshot_xmin(pg_current_snapshot())::text::bigint) as floor
    from unnest(${given('lanes')}::smallint[], ${given('floors')}::bigint[]) as part (lane, floor)`,
)

/** @returns the newly leased rows, the new floors, and the rows that were parked */
export async function exchange(
  db: Db,
  with_: Exchange,
): Promise<{ leased: OutboxRow[]; floors: Floors; parked: { id: string; stream: string; kind: string }[] }> {
  const { told, untold, kept } = with_
  const floorsOf = (some: readonly number[]) => some.map((lane) => with_.floors.get(lane) ?? 0)
  return db.transaction(async (tx) => {
    const reported = [...told, ...kept, ...untold.map(({ id }) => id)]
    const [, , , , back, leased, floors] = await pipelined(tx, [
      planAnew.with({}),
      reported.length > 1 ? lockRows.with({ ids: reported }) : null,
      told.length > 0 ? remove.with({ ids: [...told] }) : null,
      kept.length > 0 ? prolong.with({ ids: [...kept] }) : null,
      untold.length > 0 ? putBack.with({ untold: JSON.stringify(untold) }) : null,
      with_.room > 0 && with_.from.size > 0
        ? lease.with({
            lanes: [...with_.from.keys()],
            floors: floorsOf([...with_.from.keys()]),
            rooms: [...with_.from.values()],
            page: with_.page,
            room: with_.room,
          })
        : null,
      lowest.with({ lanes: [...allLanes], floors: floorsOf(allLanes) }),
    ])
    return {
      leased: leased ?? [],
      floors: new Map(floors.map(({ lane, floor }) => [lane, Number(floor)])),
      parked: (back ?? []).filter(({ state }) => state === 'parked'),
    }
  })
}

/**
 * A row that withdraws has to wait for the rows of its stream before it. They come along to its lane: else it would wait behind all other
 * events of theirs. `written_in`: dispatchers do not look at rows from before their floor.
 */
export const bringForward = new PreparedQuery<{ streams: readonly string[] }, never>(
  sql`update outbox set lane = ${sql.raw(String(lanes.withdrawals))}, written_in = pg_current_xact_id()::text::bigint
    where id = any(array(
      select id from outbox
      where stream = any(${given('streams')}::text[]) and lane <> ${sql.raw(String(lanes.withdrawals))}
        and kind = 'trigger' and state = 'waiting'
      order by id for update))`,
)

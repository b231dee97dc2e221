/**
 * Finds runs and requests that may have lost their workflow, by partial indexes: those past due and, after the engine has changed, all
 * open ones. Rehearsals run on another clock, so only the second search finds them.
 *
 * Predicates are literals in the SQL, so that every plan can use the partial indexes.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Sweep } from '../../domain/recovery/sweep.ts'
import { doubleOptInWorkflowId, journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Db } from '../connect.ts'
import { given, PreparedQuery } from '../preparedQuery.ts'

export type Suspect = {
  kind: 'run' | 'request'
  id: string
  /** Id of its workflow. */
  workflow: string
}

/** A row's place in the order of its index. */
type Place = [string, string]

export type SuspectPage = {
  suspects: Suspect[]
  /** Null: this is the last page. */
  last: Place | null
}

type Given = { first: string; second: string; limit: number }
/** `owner`: key of the journey or the profile. */
type Row = { kind: 'run' | 'request'; id: string; owner: string; first: string; second: string }

const lowestId = '00000000-0000-0000-0000-000000000000'
const longAgo = '0001-01-01T00:00:00Z'

const rfc3339 = (moment: SQL): SQL =>
  sql`to_char(${moment} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const afterMoment = sql`(${given('first')}::timestamptz, ${given('second')}::uuid)`
const afterName = sql`(${given('first')}::text, ${given('second')}::uuid)`
const runColumns = sql`'run' as kind, r.id, r.journey as owner`
const openRun = sql`r.ended_at is null and r.parked is null`
/** Looks runs up one by one by primary key: they are few, and `runs` is large. */
const runOfBusy = sql`cross join lateral (select * from runs where id = b.run_id limit 1) r`
const mayLook = sql`(r.recover_after is null or r.recover_after <= clock_timestamp())`
const mayLookAtRequest = sql`(d.settle_after is null or d.settle_after <= clock_timestamp())`

/** Two minutes past due: the timer was lost, or no worker runs. */
const late = sql`clock_timestamp() - interval '2 minutes'`
/** A delivery takes ten minutes at most; if it has been in progress longer, its attempt is dead. */
const stalled = sql`clock_timestamp() - interval '12 minutes'`

const dueWaits = new PreparedQuery<Given, Row>(sql`
  select ${runColumns}, ${rfc3339(sql`w.deadline`)} as first, w.id as second
  from waits w join runs r on r.id = w.run_id
  where w.state = 'open' and w.deadline < ${late} and (w.deadline, w.id) > ${afterMoment}
    and ${openRun} and r.clock = 'real' and r.state <> 'paused' and ${mayLook}
  order by w.deadline, w.id limit ${given('limit')}`)

/**
 * Deliveries outside the usual course: held and due, in progress again after a hold, or for a request. All other stalled deliveries are
 * found through their runs.
 */
const dueDeliveries = new PreparedQuery<Given, Row>(sql`
  select case when r.id is null then 'request' else 'run' end as kind, coalesce(r.id, d.id) as id,
    coalesce(r.journey, d.profile) as owner, ${rfc3339(sql`x.due`)} as first, x.id as second
  from deliveries x left join runs r on r.id = x.run_id left join double_opt_ins d on d.id = x.double_opt_in
  where x.due is not null and x.due < ${late} and (x.state = 'held' or x.due < ${stalled})
    and (x.due, x.id) > ${afterMoment}
    and case when r.id is null then d.state = 'pending' and d.clock = 'real' and ${mayLookAtRequest}
      else ${openRun} and r.clock = 'real' and r.state <> 'paused' and ${mayLook} end
  order by x.due, x.id limit ${given('limit')}`)

/** Stalled sends, with or without a delivery row, and runs that stopped between two steps. */
const stalledRuns = new PreparedQuery<Given, Row>(sql`
  select ${runColumns}, '' as first, r.id as second from busy_runs b ${runOfBusy}
  where b.run_id > ${given('second')}::uuid and b.since < ${stalled}
    and ${openRun} and r.state = 'running' and r.clock = 'real' and ${mayLook}
    and not exists (select from deliveries x where x.id = (r.position->>'delivery')::uuid
      and coalesce(x.held_until, x.claimed_at) > case when x.state = 'held' then ${late} else ${stalled} end)
  order by b.run_id limit ${given('limit')}`)

const dueReminders = new PreparedQuery<Given, Row>(sql`
  select 'request' as kind, d.id, d.profile as owner, ${rfc3339(sql`d.remind_at`)} as first, d.id as second from double_opt_ins d
  where d.state = 'pending' and d.reminded_at is null and d.remind_at < ${late} and (d.remind_at, d.id) > ${afterMoment}
    and d.clock = 'real' and ${mayLookAtRequest}
  order by d.remind_at, d.id limit ${given('limit')}`)

/** The searches for what is past due. */
const pastDue = { dueWaits, dueDeliveries, dueReminders } as const

/** Runs and requests that were checked before and are due for another check. */
const againRuns = new PreparedQuery<Given, Row>(sql`
  select ${runColumns}, ${rfc3339(sql`r.recover_after`)} as first, r.id as second from runs r
  where r.recover_after is not null and r.recover_after <= clock_timestamp() and ${openRun} and (r.recover_after, r.id) > ${afterMoment}
  order by r.recover_after, r.id limit ${given('limit')}`)
const againRequests = new PreparedQuery<Given, Row>(sql`
  select 'request' as kind, d.id, d.profile as owner, ${rfc3339(sql`d.settle_after`)} as first, d.id as second from double_opt_ins d
  where d.state = 'pending' and d.settle_after is not null and d.settle_after <= clock_timestamp()
    and (d.settle_after, d.id) > ${afterMoment}
  order by d.settle_after, d.id limit ${given('limit')}`)

export type Source = keyof typeof pastDue | 'stalledRuns' | 'againRuns' | 'againRequests'
const sources: Readonly<Record<Source, PreparedQuery<Given, Row>>> = {
  ...pastDue,
  stalledRuns,
  againRuns,
  againRequests,
}

/** @param after the last place of the previous page; null for the first page */
export function suspectsOf(db: Db, source: Source, after: Place | null, limit: number): Promise<SuspectPage> {
  return page(
    db,
    sources[source],
    source === 'stalledRuns' ? ['', lowestId] : [longAgo, lowestId],
    after,
    (place) => ({ ...place, limit }),
  )
}

type SweepGiven = Given & { began: string; horizon: string }

const waitsOfSweep = (part: SQL): PreparedQuery<SweepGiven, Row> =>
  new PreparedQuery(sql`
    select ${runColumns}, ${rfc3339(sql`w.deadline`)} as first, w.id as second
    from waits w join runs r on r.id = w.run_id
    where w.state = 'open' and ${part} and (w.deadline, w.id) > ${afterMoment} and ${openRun} and r.state <> 'paused'
      and w.opened_at < ${given('began')}::timestamptz + interval '1 day' and r.started_at < ${given('began')}::timestamptz
    order by w.deadline, w.id limit ${given('limit')}`)

const busyOfSweep = new PreparedQuery<SweepGiven, Row>(sql`
  select ${runColumns}, '' as first, r.id as second from busy_runs b ${runOfBusy}
  where b.run_id > ${given('second')}::uuid and ${openRun} and r.started_at < ${given('began')}::timestamptz
  order by b.run_id limit ${given('limit')}`)

const pausedOfSweep = new PreparedQuery<SweepGiven, Row>(sql`
  select ${runColumns}, r.journey as first, r.id as second from runs r
  where r.course = 'paused' and r.course <> 'usual' and (r.journey, r.id) > ${afterName} and ${openRun}
    and r.started_at < ${given('began')}::timestamptz
  order by r.journey, r.id limit ${given('limit')}`)

const sweeping: Readonly<Record<Sweep['phase'], PreparedQuery<SweepGiven, Row>>> = {
  running: busyOfSweep,
  soon: waitsOfSweep(sql`w.deadline <= ${given('horizon')}::timestamptz`),
  requests: new PreparedQuery(sql`
    select 'request' as kind, d.id, d.profile as owner, ${rfc3339(sql`d.expires_at`)} as first, d.id as second
    from double_opt_ins d
    where d.state = 'pending' and (d.expires_at, d.id) > ${afterMoment} and d.requested_at < ${given('began')}::timestamptz
    order by d.expires_at, d.id limit ${given('limit')}`),
  later: waitsOfSweep(sql`w.deadline > ${given('horizon')}::timestamptz`),
  paused: pausedOfSweep,
}

/** The next page of all runs and requests that were open when the sweep began. */
export function suspectsOfSweep(db: Db, sweep: Sweep, limit: number): Promise<SuspectPage> {
  const { phase, after, began, horizon } = sweep
  const first: Place = phase === 'running' || phase === 'paused' ? ['', lowestId] : [longAgo, lowestId]
  return page(db, sweeping[phase], first, after, (place) => ({ ...place, limit, began, horizon }))
}

async function page<Values extends Given>(
  db: Db,
  statement: PreparedQuery<Values, Row>,
  first: Place,
  after: Place | null,
  values: (place: { first: string; second: string }) => Values,
): Promise<SuspectPage> {
  const [one, two] = after ?? first
  const rows = await statement.all(db, values({ first: one, second: two }))
  const last = rows.at(-1)
  return { suspects: rows.map(suspectOf), last: last === undefined ? null : [last.first, last.second] }
}

function suspectOf({ kind, id, owner }: Pick<Row, 'kind' | 'id' | 'owner'>): Suspect {
  return {
    kind,
    id,
    workflow: kind === 'run' ? journeyWorkflowId(owner, id) : doubleOptInWorkflowId(owner, id),
  }
}

/** Those of the given ids that are open. The others are not ours, or have ended normally. */
export async function openSubjects(db: Db, ids: readonly string[]): Promise<Suspect[]> {
  if (ids.length === 0) return []
  return (await openOnes.all(db, { ids })).map(suspectOf)
}

const openOnes = new PreparedQuery<{ ids: readonly string[] }, Pick<Row, 'kind' | 'id' | 'owner'>>(sql`
  select ${runColumns} from runs r where r.id = any(${given('ids')}::uuid[]) and ${openRun}
  union all
  select 'request', d.id, d.profile from double_opt_ins d where d.id = any(${given('ids')}::uuid[]) and d.state = 'pending'`)

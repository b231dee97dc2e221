/**
 * The statement of each retention: one batch of rows that have been kept long enough.
 *
 * 1. A batch is one statement, and its transaction has no other: a crash undoes it whole, and the next batch does it again.
 * 2. It finds its rows along an index, oldest first, and its number of rows is bounded.
 * 3. Rows that another process has locked are left alone. So any number of processes may sweep at once, and none waits.
 * 4. Ages are compared with `statement_timestamp()`, which is one moment for all rows, so that the index serves.
 * 5. What an open run, a wait or a proof still needs is left (domain/retention.ts, `stays`). Such a condition is a scalar subquery:
 *    it is looked up for each row of the batch by its index, and can never become a join over the whole table.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { RetentionName } from '../../domain/retention.ts'

export type Batch = {
  /** Days that rows are kept. */
  days: number
  /** Rows to look at. */
  most: number
  /** Where the batch before ended (`last`); null: begin with the oldest row. */
  after: string | null
}

/** What a batch's statement answers. */
export type Swept = {
  /** Rows looked at; as many as were asked for: there may be more. */
  looked: number
  /** Rows that were deleted, or lost what was kept long enough. */
  swept: number
  /** For a sweep that passes over rows which stay: the last row looked at. Else null. */
  last: string | null
}

export type Sweep = {
  /** The index along which it finds its rows. */
  index: string
  /** Rows in a batch. */
  most: number
  /** Answers one row: `Swept`. */
  statement(batch: Batch): SQL
}

const cutoff = (days: number): SQL => sql`statement_timestamp() - make_interval(days => ${days}::int)`

/** Deletes whole rows by the time in one column. @param where which of the old rows; all unless said */
function byAge(table: string, column: string, index: string, where: SQL = sql`true`): Sweep {
  const [name, age] = [sql.identifier(table), sql.identifier(column)]
  return {
    index,
    most: 1_000,
    statement: ({ days, most }) => sql`
      with due as (
        select ctid from ${name} where ${age} < ${cutoff(days)} and ${where}
        order by ${age} limit ${most}::int for update skip locked
      ), gone as (
        delete from ${name} where ctid = any(array(select ctid from due)) returning 1
      )
      select count(*)::int as looked, count(*)::int as swept, null::text as last from gone`,
  }
}

/** The first id of the moment from which on rows stay: ids are UUIDv7, in the order of time. */
const firstIdToStay = (days: number): SQL =>
  sql`(lpad(to_hex((extract(epoch from ${cutoff(days)}) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid`

/** Where a batch goes on. */
const afterId = (after: string | null): SQL =>
  sql`coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')`

/**
 * Along the primary key of the paths, which begins with the run's id and so with the time of its start. Old rows that stay belong to the
 * few runs that are still open or ended late. A path goes whole, with the last row of it that a batch looks at. The run's row stays
 * where a delivery names it.
 */
const runPaths: Sweep = {
  index: 'run_path_pkey',
  most: 1_000,
  statement: ({ days, most, after }) => sql`
    with looked as materialized (
      select run_id from run_path where run_id > ${afterId(after)} and run_id < ${firstIdToStay(days)}
      order by run_id, visit limit ${most}::int
    ), due as (
      select id from runs where id = any(array(select run_id from looked)) and ended_at < ${cutoff(days)}
      for update skip locked
    ), paths as (
      delete from run_path where run_id = any(array(select id from due)) returning 1
    ), waited as (
      delete from waits where run_id = any(array(select id from due))
    ), judged as (
      select id, (select true from deliveries where run_id = due.id limit 1) as proves from due
    ), kept as (
      update runs set path_deleted_at = statement_timestamp()
      where id = any(array(select id from judged where proves))
    ), gone as (
      delete from runs where id = any(array(select id from judged where proves is null))
    )
    select (select count(*) from looked)::int as looked, (select count(*) from paths)::int as swept,
      (select run_id::text from looked order by run_id desc limit 1) as last`,
}

/**
 * Along the primary key, since ids are in the order of time. Nothing is locked before it is known to go, so rows that stay are
 * not written to. Only events from before a run can be past for it: a run that starts now never needs an old one.
 */
const triggerEvents: Sweep = {
  index: 'trigger_events_pkey',
  most: 1_000,
  statement: ({ days, most, after }) => sql`
    with looked as materialized (
      select id from trigger_events
      where id > ${afterId(after)}
        and id < ${firstIdToStay(days)}
      order by id limit ${most}::int
    ), due as (
      select id from trigger_events e
      where id = any(array(select id from looked))
        and recorded_at < ${cutoff(days)}
        and (select true from open_runs o join runs r on r.id = o.run_id where o.contact_id = e.contact_id and r.entry_seq <= e.seq limit 1) is null
      for update skip locked
    ), gone as (
      delete from trigger_events where id = any(array(select id from due)) returning 1
    )
    select (select count(*) from looked)::int as looked, (select count(*) from gone)::int as swept,
      (select id::text from looked order by id desc limit 1) as last`,
}

/**
 * Deliveries stay, so each is looked at once: `retention_progress` says where to go on. Its row is locked for the batch. Another process
 * that meets the lock has nothing to do. By then every delivery has long been settled; an answer that came later still would keep
 * its words.
 */
const providerAnswers: Sweep = {
  index: 'deliveries_pkey',
  most: 1_000,
  statement: ({ days, most }) => sql`
    with progress as (
      select last from retention_progress where name = 'provider-answers' for update skip locked
    ), looked as materialized (
      select id from deliveries where id > (select last from progress) and id < ${firstIdToStay(days)}
      order by id limit ${most}::int
    ), cleared as (
      update deliveries set provider_answer = provider_answer - 'text'
      where id = any(array(select id from looked)) and provider_answer ? 'text' returning 1
    ), moved as (
      update retention_progress set last = (select id from looked order by id desc limit 1)
      where name = 'provider-answers' and exists (select from looked)
    )
    select (select count(*) from looked)::int as looked, (select count(*) from cleared)::int as swept, null::text as last`,
}

export const sweeps: Readonly<Record<RetentionName, Sweep>> = {
  'run-paths': runPaths,
  'trigger-events': triggerEvents,
  'trigger-ids': byAge('trigger_ids', 'recorded_at', 'trigger_ids_by_age'),
  'idempotency-answers': byAge('idempotency_keys', 'created_at', 'idempotency_keys_by_age'),
  'provider-answers': providerAnswers,
  'confirmation-links': byAge(
    'double_opt_in_tokens',
    'created_at',
    'double_opt_in_tokens_by_age',
    sql`(select state from double_opt_ins where id = double_opt_in_tokens.double_opt_in) <> 'pending'`,
  ),
  verifications: byAge('ledger_verifications', 'finished_at', 'ledger_verifications_finished'),
  'test-mails': byAge('test_mails', 'created_at', 'test_mails_by_age'),
  workers: byAge('workers', 'seen_at', 'workers_by_age'),
}

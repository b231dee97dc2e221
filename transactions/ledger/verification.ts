/**
 * Verification of the whole ledger, as a background job. It works range by range, each in its own short snapshot, from a stored cursor. A
 * process that dies loses one range, and another process continues after the last recorded one.
 *
 * One process works on a job at a time: it holds it for a while, renewed with each range. A holder that is late may read its range
 * beside its successor; only one of them can record it, by compare-and-set on cursor and holder.
 */
import { and, eq, sql } from 'drizzle-orm'
import { newId } from '../../db/ids.ts'
import { verifyRange } from '../../db/reads/verifyLedger.ts'
import { ledgerVerifications } from '../../db/schema/ledger.ts'
import { failpoint } from '../../failpoints.ts'
import type { Deps } from '../deps.ts'

type Job = typeof ledgerVerifications.$inferSelect

/** Seconds for which a process holds a job without recording a range. */
const lease = 60
/** A job ends as failed after so many failures in a row: something is wrong that waiting does not mend. */
const mostFailures = 12

/**
 * Asks for a verification of all that there is now. At most one waits: whoever asks while it does is answered by that one, since it
 * has not begun. One that runs may have passed already what the caller wants to see verified.
 */
export async function requestVerification({ db }: Deps): Promise<{ id: string; state: 'waiting' }> {
  for (;;) {
    const waiting = await db.transaction(async (tx) => {
      const [made] = await tx
        .insert(ledgerVerifications)
        .values({ id: newId(), state: 'waiting' })
        .onConflictDoNothing()
        .returning({ id: ledgerVerifications.id })
      if (made !== undefined) return made
      const [known] = await tx
        .select({ id: ledgerVerifications.id })
        .from(ledgerVerifications)
        .where(eq(ledgerVerifications.state, 'waiting'))
      return known
    })
    // None: the one that waited has begun meanwhile.
    if (waiting !== undefined) return { id: waiting.id, state: 'waiting' }
  }
}

/**
 * Verifies the next range of the job that is due.
 * @param holder id of the process that works on it
 * @returns false where there is nothing to do, or another process does it
 */
export async function advanceVerification(deps: Deps, holder: string): Promise<boolean> {
  const job = await takeJob(deps, holder)
  if (job === null) return false
  try {
    const range = await verifyRange(deps.db, { after: job.cursor, upto: job.upto })
    await failpoint('verification:read')
    await recordRange(deps, job, range)
  } catch (error) {
    deps.log.error(
      { err: error, verification: job.id },
      'A range of the ledger could not be verified; it is tried again.',
    )
    await recordFailure(deps, job)
  }
  return true
}

/** The job that runs, unless another process holds it; else the one that waits, which then begins. */
async function takeJob({ db }: Deps, holder: string): Promise<Job | null> {
  const free = sql`(held_until is null or held_until <= clock_timestamp() or holder = ${holder}::uuid)`
  const [job] = await db.transaction((tx) =>
    tx
      .update(ledgerVerifications)
      .set({
        state: 'running',
        holder,
        heldUntil: sql`clock_timestamp() + make_interval(secs => ${lease})`,
        startedAt: sql`coalesce(started_at, clock_timestamp())`,
        upto: sql`case when state = 'waiting' then (select id from contact_points order by id desc limit 1) else upto end`,
        contactPointsExpected: sql`case when state = 'waiting'
        then (select nullif(greatest(reltuples, 0), 0)::bigint from pg_class where oid = 'contact_points'::regclass)
        else contact_points_expected end`,
      })
      .where(
        sql`id = (select id from ledger_verifications
        where ${free} and (state = 'running' or (state = 'waiting'
          and not exists (select from ledger_verifications other where other.state = 'running')))
        order by state limit 1 for update skip locked)`,
      )
      .returning(),
  )
  return job ?? null
}

/** Records findings once: only if this process still holds the job at this cursor. */
async function recordRange(
  { db }: Deps,
  job: Job,
  { report, last }: Awaited<ReturnType<typeof verifyRange>>,
): Promise<void> {
  const { firstBreak, states } = report
  const json = (value: unknown) => (value === null ? sql`null` : sql`${JSON.stringify(value)}::jsonb`)
  await db.transaction((tx) =>
    tx
      .update(ledgerVerifications)
      .set({
        cursor: last ?? job.cursor,
        contactPoints: sql`contact_points + ${report.contactPoints}`,
        events: sql`events + ${report.events}`,
        states: sql`states + ${states.checked}`,
        firstBreak: sql`coalesce(first_break, ${json(firstBreak)})`,
        firstDifference: sql`coalesce(first_difference, ${json(states.firstDifference)})`,
        failures: 0,
        heldUntil: sql`clock_timestamp() + make_interval(secs => ${lease})`,
        ...(last === null ? { state: 'finished' as const, finishedAt: sql`clock_timestamp()` } : {}),
      })
      .where(
        and(
          eq(ledgerVerifications.id, job.id),
          eq(ledgerVerifications.state, 'running'),
          sql`holder = ${job.holder}::uuid and cursor is not distinct from ${job.cursor}::uuid`,
        ),
      ),
  )
}

/** Delays the next attempt of any process, longer each time. */
async function recordFailure({ db }: Deps, job: Job): Promise<void> {
  const over = sql`failures + 1 >= ${mostFailures}`
  await db.transaction((tx) =>
    tx
      .update(ledgerVerifications)
      .set({
        failures: sql`failures + 1`,
        holder: null,
        heldUntil: sql`clock_timestamp() + least(make_interval(secs => power(2, failures)), interval '5 minutes')`,
        state: sql`case when ${over} then 'failed' else state end`,
        finishedAt: sql`case when ${over} then clock_timestamp() end`,
      })
      .where(and(eq(ledgerVerifications.id, job.id), sql`holder = ${job.holder}::uuid`)),
  )
}

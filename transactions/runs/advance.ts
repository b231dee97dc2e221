/**
 * Advances a run: the only place where the machine drives real runs. It reads the state of what the position waits for, gives that to
 * the machine, writes the new position and path, does what needs only Postgres, and repeats until the run has to wait. Asking again
 * without a change gives the same answer, so any workflow of the run may ask at any time.
 *
 * Locks: the contact row, then the run row; the delivery's row where a send is given up.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { effectOf, step, type Turn } from '../../domain/journey/machine.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import { type Position, readPosition } from '../../domain/journey/position.ts'
import { endOf } from '../../domain/journey/runState.ts'
import { notFound } from '../../domain/refusal.ts'
import { failpoint } from '../../failpoints.ts'
import { isLeft, settleLeft } from '../deliveries/letGo.ts'
import type { Deps } from '../deps.ts'
import { lockRunWithContact, type RunRow } from '../locks.ts'
import { committing } from '../outcomes.ts'
import type { Advancing } from './advancing.ts'
import { lazyBindings } from './bindings.ts'
import { endHere } from './endHere.ts'
import { enter } from './enter.ts'
import { look } from './look.ts'
import { parkRun } from './park.ts'
import { stateAfter } from './runStates.ts'

/** Effects done before the transaction commits, so that its locks are short. */
const perTransaction = 10
/** Effects, and milliseconds, before the workflow has to ask again. */
const most = 50
const longest = 500

/**
 * @param request.now the workflow's clock, RFC 3339
 * @throws Refusal not-found for a run that does not exist
 */
export async function advance(deps: Deps, request: { run: string; now: string }): Promise<Next> {
  await failpoint('advance:before')
  const resting = await atRest(deps, request)
  if (resting !== null) return resting
  const end = performance.now() + longest
  for (let effects = 0; effects < most && performance.now() < end; effects += perTransaction) {
    const next = await committing(deps, (inner) => advanceIn(inner, inner.db, request)).catch(
      park(deps, request),
    )
    if (next !== null) return next
  }
  return { do: 'again' }
}

/** As `advance`, up to a commit. @returns null where there is more to do at once */
async function advanceIn(deps: Deps, tx: Db, request: { run: string; now: string }): Promise<Next | null> {
  const { contact, run, clock } = await lockRunWithContact(tx, request.run)
  const standing = standingOf(run)
  if (standing !== null) return standing
  // A worker whose clock is behind must not wait for what is due.
  const now = run.clock === 'real' && clock > request.now ? clock : request.now
  const { definition, plan } = await deps.versions.journey(tx, run.journey, run.version)
  const bindings = lazyBindings(tx, contact, now)
  const advancing: Advancing = { deps, tx, contact, run, definition, plan, now, bindings }
  const position = readPosition(run.position)
  const seen = await look(advancing, position, effectOf(plan, position))
  return 'do' in seen ? seen : proceed(advancing, step(plan, position, seen))
}

/**
 * Goes on from a turn. Everything is written when it answers.
 * @returns null where the transaction has done enough
 */
export async function proceed(advancing: Advancing, first: Turn): Promise<Next | null> {
  let turn = first
  for (let effects = 1; ; effects++) {
    const { place, effect } = turn
    if (effect.do === 'end') return endHere(advancing, place, effect.end)
    if (place === null) throw new MachineError('unknown-step', null)
    const { position, seen } = await enter(advancing, place, effect, effects < perTransaction)
    if (seen === null || 'do' in seen || effects >= perTransaction) {
      await save(advancing, position, seen)
      await failpoint('advance:saved')
      return seen !== null && 'do' in seen ? seen : null
    }
    turn = step(advancing.plan, place, seen)
  }
}

/** A run that has ended, or is parked, is not advanced. */
function standingOf(run: Pick<RunRow, 'state' | 'endReason' | 'parked'>): Next | null {
  const end = endOf(run)
  if (end !== null) return { do: 'end', ...end }
  if (run.parked !== null) return { do: 'wait', until: null, what: run.parked, why: 'parked' }
  return null
}

async function save({ tx, run }: Advancing, position: Position, seen: Answer | Next | null): Promise<void> {
  const waiting = seen !== null && 'do' in seen && seen.do === 'wait'
  await saving.all(tx, { run: run.id, position: JSON.stringify(position), waiting })
}

const saving = new PreparedQuery<{ run: string; position: string; waiting: boolean }, never>(
  sql`with saved as (
    update runs set position = ${given('position')}::jsonb, recoveries = 0, recover_after = null,
      state = case when ${given('waiting')}::boolean then ${stateAfter('waits')} else ${stateAfter('goes-on')} end
    where id = ${given('run')}::uuid returning id, state
  ), rested as (
    delete from busy_runs using saved where run_id = saved.id and saved.state <> 'running'
  )
  insert into busy_runs (run_id) select id from saved where state = 'running'
  on conflict (run_id) do update set since = excluded.since`,
)

type Rest = Pick<RunRow, 'state' | 'endReason' | 'parked'> & {
  until: string | null
  step: string | null
  kind: string | null
  /** The delivery of its position, if that has no outcome yet. */
  left: string | null
}

/**
 * What one read without locks can answer: an end, which is final, and an open wait that is not due. Only a later change makes that
 * something else, and the change nudges.
 */
async function atRest(deps: Deps, request: { run: string; now: string }): Promise<Next | null> {
  const row = await rest.first(deps.reads ?? deps.db, request)
  if (row === undefined) throw notFound('run', request.run)
  const standing = standingOf(row)
  const { left } = row
  if (standing?.do === 'end' && left !== null) {
    await deps.db.transaction((tx) => settleLeft(tx, left, standing.reason))
  }
  if (standing !== null) return standing
  if (row.until === null || row.step === null) return null
  return { do: 'wait', until: row.until, what: row.step, why: row.kind === 'sleep' ? 'wait' : 'event' }
}

// Each row is looked up by its primary key: as joins, they may read whole tables that were never analysed.
const rest = new PreparedQuery<{ run: string; now: string }, Rest>(
  sql`select r.state, r.end_reason as "endReason", r.parked, w.step, w.kind,
      (select deliveries.id from deliveries where deliveries.id = (r.position->>'delivery')::uuid and ${isLeft} limit 1) as "left",
      to_char(w.deadline at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until
    from runs r left join lateral (
      select * from waits where waits.id = (r.position->>'wait')::uuid and waits.state = 'open' and r.state <> 'paused'
        and waits.deadline > ${given('now')}::timestamptz and (r.clock = 'skipping' or waits.deadline > clock_timestamp()) limit 1
    ) w on true
    where r.id = ${given('run')}::uuid`,
)

/** The transaction that met the error is rolled back, so the run is parked in one of its own. */
function park(deps: Deps, { run }: { run: string }): (error: unknown) => Promise<Next> {
  return async (error) => {
    if (!(error instanceof MachineError)) throw error
    await committing(deps, (inner) => parkRun(inner, inner.db, run, error))
    return { do: 'wait', until: null, what: error.code, why: 'parked' }
  }
}

/**
 * A run whose workflow is gone: whether it is started again now, is left alone for a while, or is parked.
 *
 * Lock: the run row.
 */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { endOf } from '../../domain/journey/runState.ts'
import { mostRecoveries, pauseAfter } from '../../domain/recovery/backoff.ts'
import { countRunParked } from '../../telemetry/journeys.ts'
import type { Deps } from '../deps.ts'
import { lockRun } from '../locks.ts'
import type { OutboxStart } from '../outbox.ts'

/** `leave`: it has ended, is parked or was started a moment ago. */
export type Recovery = { do: 'start'; start: OutboxStart } | { do: 'park' } | { do: 'leave' }

/** Counts the start that the caller makes now. Of several callers at once, only one gets `start`. */
export async function recoverRun(deps: Deps, id: string): Promise<Recovery> {
  const recovery = await recoverIn(deps, id)
  if (recovery.do === 'park') countRunParked('recovered-in-vain')
  return recovery
}

function recoverIn(deps: Deps, id: string): Promise<Recovery> {
  return deps.db.transaction(async (tx) => {
    const run = await lockRun(tx, id)
    if (endOf(run) !== null || run.parked !== null) return { do: 'leave' }
    if (run.recoveries >= mostRecoveries && (await isDue.first(tx, { id })) !== undefined) {
      await parking.all(tx, { id, reason: recoveredInVain })
      return { do: 'park' }
    }
    const pause = pauseAfter(run.recoveries) / 1_000
    if ((await counting.first(tx, { id, pause })) === undefined) return { do: 'leave' }
    const { journey, version, clock } = run
    const start = {
      workflow: 'journey',
      id,
      journey,
      version,
      clock,
      first: { do: 'again' },
      again: true,
    } as const
    return { do: 'start', start }
  })
}

const due = sql`(recover_after is null or recover_after <= clock_timestamp())`

const isDue = new PreparedQuery<{ id: string }, { id: string }>(
  sql`select id from runs where id = ${given('id')}::uuid and ${due}`,
)

/** Why a run is parked whose workflow was started again too often without progress. The run itself can be read. */
export const recoveredInVain = 'recovered-in-vain'

const parking = new PreparedQuery<{ id: string; reason: string }, never>(
  sql`update runs set parked = ${given('reason')} where id = ${given('id')}::uuid`,
)

const counting = new PreparedQuery<{ id: string; pause: number }, { id: string }>(
  sql`update runs set recoveries = recoveries + 1, recover_after = clock_timestamp() + make_interval(secs => ${given('pause')}::float)
    where id = ${given('id')}::uuid and ${due} returning id`,
)

/** Temporal did not take the start: it does not count, and the next look tries again. */
export async function recoveryFailed(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction((tx) => uncounting.all(tx, { id }))
}

const uncounting = new PreparedQuery<{ id: string }, never>(
  sql`update runs set recoveries = greatest(recoveries - 1, 0), recover_after = clock_timestamp()
    where id = ${given('id')}::uuid and ended_at is null`,
)

/** Its workflow runs. @param overdue it did not do in time what it should: it was nudged, and is looked at again */
export async function runIsDriven(deps: Deps, id: string, overdue: boolean): Promise<void> {
  await deps.db.transaction((tx) => (overdue ? nudged : healthy).all(tx, { id }))
}

const nudged = new PreparedQuery<{ id: string }, never>(
  sql`update runs set recover_after = clock_timestamp() + interval '10 minutes' where id = ${given('id')}::uuid and ended_at is null`,
)

const healthy = new PreparedQuery<{ id: string }, never>(
  sql`update runs set recoveries = 0, recover_after = null
    where id = ${given('id')}::uuid and ended_at is null and (recoveries > 0 or recover_after is not null)`,
)

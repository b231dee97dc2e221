/** A request for double opt-in whose workflow is gone: as `recoverRun.ts`, but never parked, since it ends by its time. */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { pauseAfter } from '../../domain/recovery/backoff.ts'
import type { Deps } from '../deps.ts'
import type { Recovery } from './recoverRun.ts'

/** Counts the start that the caller makes now. Of several callers at once, only one gets `start`. */
export async function recoverRequest({ db }: Deps, id: string): Promise<Recovery> {
  return db.transaction(async (tx) => {
    const request = await lock.first(tx, { id })
    if (request === undefined) return { do: 'leave' }
    await counting.all(tx, { id, pause: pauseAfter(request.failures) / 1_000 })
    const { profile, clock } = request
    return {
      do: 'start',
      start: { workflow: 'doubleOptIn', id, profile, clock, first: { do: 'again' }, again: true },
    }
  })
}

const lock = new PreparedQuery<
  { id: string },
  { profile: string; clock: 'real' | 'skipping'; failures: number }
>(
  sql`select profile, clock, settle_failures as failures from double_opt_ins
    where id = ${given('id')}::uuid and state = 'pending' and (settle_after is null or settle_after <= clock_timestamp())
    for no key update`,
)

const counting = new PreparedQuery<{ id: string; pause: number }, never>(
  sql`update double_opt_ins set settle_failures = settle_failures + 1,
      settle_after = clock_timestamp() + make_interval(secs => ${given('pause')}::float)
    where id = ${given('id')}::uuid`,
)

/** Its workflow runs. @param overdue it did not do in time what it should: it was nudged, and is looked at again */
export async function requestIsDriven({ db }: Deps, id: string, overdue: boolean): Promise<void> {
  await db.transaction((tx) => (overdue ? nudged : healthy).all(tx, { id }))
}

const nudged = new PreparedQuery<{ id: string }, never>(
  sql`update double_opt_ins set settle_after = clock_timestamp() + interval '10 minutes'
    where id = ${given('id')}::uuid and state = 'pending'`,
)

const healthy = new PreparedQuery<{ id: string }, never>(
  sql`update double_opt_ins set settle_failures = 0, settle_after = null
    where id = ${given('id')}::uuid and state = 'pending' and settle_after is not null`,
)

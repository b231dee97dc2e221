/** Whether recovery may check a run or a request. */
import { sql } from 'drizzle-orm'
import type { Db } from '../connect.ts'
import { given, PreparedQuery } from '../preparedQuery.ts'
import type { Suspect } from './suspects.ts'

/**
 * False if it has ended or is parked, was checked a moment ago, or will be started by the outbox.
 * @param options.unstarted ignore a start in the outbox, because a later row of its stream was reached
 */
export async function mayRecover(
  db: Db,
  { id, kind }: Suspect,
  options: { unstarted: boolean },
): Promise<boolean> {
  const statement = kind === 'run' ? run : request
  return (await statement.first(db, { id, unstarted: options.unstarted })) !== undefined
}

type Given = { id: string; unstarted: boolean }
const notStarting = sql`(${given('unstarted')}::boolean
  or not exists (select from outbox where stream = ${given('id')}::text and kind = 'start'))`

const run = new PreparedQuery<Given, { id: string }>(
  sql`select id from runs where id = ${given('id')}::uuid and ended_at is null and parked is null
    and (recover_after is null or recover_after <= clock_timestamp()) and ${notStarting}`,
)
const request = new PreparedQuery<Given, { id: string }>(
  sql`select id from double_opt_ins where id = ${given('id')}::uuid and state = 'pending'
    and (settle_after is null or settle_after <= clock_timestamp()) and ${notStarting}`,
)

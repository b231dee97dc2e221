/**
 * Reads the wait of a position. A wait that is due is settled here, by compare-and-set under the contact's lock. Only this times a wait
 * out.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { build, given, PreparedQuery, rowsOf } from '../../db/preparedQuery.ts'
import { waits } from '../../db/schema/journeys.ts'
import { onlyOpensOrClicks } from '../../domain/journey/awaits.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import type { Position } from '../../domain/journey/position.ts'
import { failpoint } from '../../failpoints.ts'
import { type Advancing, moveMark } from './advancing.ts'
import { stepRecord } from './path.ts'
import { silenceMeansNothing } from './silence.ts'

export type WaitRow = typeof waits.$inferSelect

export async function lookAtWait(advancing: Advancing, position: Position): Promise<Answer | Next> {
  await failpoint('wait:before-look')
  const { wait: id } = position
  const row = id === undefined ? undefined : await waitById.first(advancing.tx, { id })
  if (row === undefined) throw new MachineError('unfit-position', position.step)
  return standingOf(advancing, row)
}

/** @param row as it is under the contact's lock */
export async function standingOf(advancing: Advancing, row: WaitRow): Promise<Answer | Next> {
  switch (row.state) {
    case 'open':
      return advancing.now < row.deadline
        ? { do: 'wait', until: row.deadline, what: row.step, why: row.kind === 'sleep' ? 'wait' : 'event' }
        : settleDue(advancing, row)
    case 'matched':
      return { type: 'waited', result: { matched: row.branch ?? 0 } }
    case 'timed-out':
      return { type: 'waited', result: row.kind === 'sleep' ? 'elapsed' : 'timed-out' }
    case 'no-moment':
      return { type: 'waited', result: 'no-moment' }
    case 'untracked':
      return { type: 'waited', result: 'untracked' }
    case 'closed':
      // Only the end of a run closes its wait.
      throw new MachineError('unfit-position', row.step)
    default:
      return row.state satisfies never
  }
}

async function settleDue(advancing: Advancing, row: WaitRow): Promise<Answer> {
  const { deps, tx, contact, run, definition, now } = advancing
  const untracked =
    row.kind === 'events' &&
    onlyOpensOrClicks(definition, row.step) &&
    (await silenceMeansNothing(tx, deps.channels, run.id, definition, row.step))
  const state = untracked ? 'untracked' : 'timed-out'
  const outcome = row.kind === 'sleep' ? 'waited' : state
  await pipelined(tx, [
    settle.with({ id: row.id, state, at: now, run: run.id, seq: contact.eventSeq }),
    stepRecord(run, { step: row.step, visit: row.visit, at: now, outcome }),
  ])
  moveMark(advancing, contact.eventSeq)
  return { type: 'waited', result: row.kind === 'sleep' ? 'elapsed' : state }
}

const waitById = rowsOf<{ id: string }>()(
  waits,
  build
    .select()
    .from(waits)
    .where(eq(waits.id, given('id'))),
)

/** The wait that a run is at, if it is open. */
export function openWait(tx: Db, run: string): Promise<WaitRow | undefined> {
  return openOfRun.first(tx, { run })
}

const openOfRun = rowsOf<{ run: string }>()(
  waits,
  build
    .select()
    .from(waits)
    .where(and(eq(waits.runId, given('run')), eq(waits.state, 'open'))),
)

/** What happened until now is past for the waits that follow. */
const settle = new PreparedQuery<{ id: string; state: string; at: string; run: string; seq: number }, never>(
  sql`with settled as (
    update waits set state = ${given('state')}, settled_at = ${given('at')}::timestamptz
    where id = ${given('id')}::uuid and state = 'open' returning id
  )
  update runs set mark_seq = greatest(mark_seq, ${given('seq')}::bigint)
    from settled where runs.id = ${given('run')}::uuid`,
)

/**
 * Answers a timer that fired, or a nudge: matched, timed out, or sleep on. The row decides, by compare-and-set under the
 * contact's lock; nothing else does. One that is settled already is read without it.
 *
 * Locks: the contact row, then the run row.
 */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { runs, waits } from '../../db/schema/journeys.ts'
import { given, Statement } from '../../db/statement.ts'
import type { RunEnd, WaitStanding } from '../../domain/journey/answers.ts'
import { onlyOpensOrClicks } from '../../domain/journey/awaits.ts'
import { notFound } from '../../domain/refusal.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lockRunWithContact } from '../locks.ts'
import { endOf } from './endRun.ts'
import { recordStep } from './path.ts'
import { runStateAfterWait } from './runStates.ts'
import { silenceSaysNothing } from './silence.ts'
import { settledAs, standingOf, waitOfVisit } from './waitStanding.ts'

export type SettleWait = {
  run: string
  step: string
  visit: number
  /** The run's own clock, RFC 3339. */
  now: string
}

export async function settleWait(
  house: House,
  request: SettleWait,
): Promise<WaitStanding | { ended: RunEnd }> {
  await point('wait:before-settle')
  const settled = await settledAlready(house.reads ?? house.db, request)
  if (settled !== null) return settled
  return house.db.transaction(async (tx) => {
    const [{ contact, run }, wait] = await Promise.all([
      lockRunWithContact(tx, request.run),
      waitOfVisit.first(tx, request),
    ])
    const ended = endOf(run)
    if (ended !== null) return { ended }
    if (wait === undefined) throw notFound('wait', `${request.step}/${request.visit}`)
    if (wait.state !== 'open' || Date.parse(request.now) < Date.parse(wait.deadline)) return standingOf(wait)

    const { definition } = await house.versions.journey(tx, run.journey, run.version)
    const untracked =
      wait.kind === 'events' &&
      onlyOpensOrClicks(definition, wait.step) &&
      (await silenceSaysNothing(tx, house.channels, run.id, definition, wait.step))
    const state = untracked ? 'untracked' : 'timed-out'
    await tx.update(waits).set({ state, settledAt: request.now }).where(eq(waits.id, wait.id))
    await tx
      .update(runs)
      .set({ state: runStateAfterWait, markSeq: contact.eventSeq })
      .where(eq(runs.id, run.id))
    await recordStep(tx, { ...request, at: request.now, outcome: wait.kind === 'sleep' ? 'waited' : state })
    return state
  })
}

const standing = new Statement<
  { run: string; step: string; visit: number },
  Pick<typeof runs.$inferSelect, 'state' | 'endReason'> & {
    wait: Pick<typeof waits.$inferSelect, 'state' | 'branch'>
  }
>(
  sql`select r.state, r.end_reason as "endReason",
      json_build_object('state', w.state, 'branch', w.branch) as wait
    from waits w join runs r on r.id = w.run_id
    where w.run_id = ${given('run')} and w.step = ${given('step')} and w.visit = ${given('visit')}`,
)

/** An end of a run and an answer of a wait stand for ever once they are there, so no lock is needed to read them. */
async function settledAlready(db: Db, request: SettleWait): Promise<WaitStanding | { ended: RunEnd } | null> {
  const row = await standing.first(db, request)
  if (row === undefined) return null
  const ended = endOf(row)
  if (ended !== null) return { ended }
  return settledAs(row.wait)
}

/**
 * Answers a timer that fired, or a nudge: matched, timed out, or sleep on. The row decides, by compare-and-set under the
 * contact's lock; nothing else does.
 *
 * Locks: the contact row, then the run row.
 */
import { and, eq } from 'drizzle-orm'
import { runs, waits } from '../../db/schema/journeys.ts'
import { onlyOpensOrClicks } from '../../domain/journey/awaits.ts'
import { notFound } from '../../domain/refusal.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lockContact, lockRun } from '../locks.ts'
import { endOf, type RunEnd } from './endRun.ts'
import { recordStep } from './path.ts'
import { definitionOf } from './readRun.ts'
import { silenceSaysNothing } from './silence.ts'
import { standingOf, type WaitStanding } from './waitStanding.ts'

export type SettleWait = {
  run: string
  step: string
  visit: number /** The run's own clock, RFC 3339. */
  now: string
}

export async function settleWait(
  house: House,
  request: SettleWait,
): Promise<WaitStanding | { ended: RunEnd }> {
  await point('wait:before-settle')
  return house.db.transaction(async (tx) => {
    const { definition, contactId } = await definitionOf(tx, request.run)
    const contact = await lockContact(tx, contactId)
    const run = await lockRun(tx, request.run)
    const ended = endOf(run)
    if (ended !== null) return { ended }
    const [wait] = await tx
      .select()
      .from(waits)
      .where(and(eq(waits.runId, run.id), eq(waits.step, request.step), eq(waits.visit, request.visit)))
    if (wait === undefined) throw notFound('wait', `${request.step}/${request.visit}`)
    if (wait.state !== 'open' || Date.parse(request.now) < Date.parse(wait.deadline)) return standingOf(wait)

    const untracked =
      wait.kind === 'events' &&
      onlyOpensOrClicks(definition, wait.step) &&
      (await silenceSaysNothing(tx, house.channels, run.id, definition, wait.step))
    const state = untracked ? 'untracked' : 'timed-out'
    await tx.update(waits).set({ state, settledAt: request.now }).where(eq(waits.id, wait.id))
    await tx.update(runs).set({ state: 'running', markSeq: contact.eventSeq }).where(eq(runs.id, run.id))
    await recordStep(tx, { ...request, at: request.now, outcome: wait.kind === 'sleep' ? 'waited' : state })
    return state
  })
}

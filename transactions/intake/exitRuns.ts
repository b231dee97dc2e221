/** Exit triggers act anywhere, at once: the run ends in the database here; its workflow only hears of it. */
import { and, arrayContains, eq, inArray } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { journeyVersions, runs } from '../../db/schema/journeys.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { exitsOf } from '../../domain/journey/awaits.ts'
import type { ContactRow } from '../locks.ts'
import { endRunIn } from '../runs/endRun.ts'
import type { Bindings } from './bindings.ts'

/** @returns the runs that ended */
export async function exitRuns(
  tx: Db,
  event: StoredEvent,
  contact: ContactRow,
  bindings: Bindings,
): Promise<string[]> {
  const candidates = await tx
    .select({ id: runs.id, payload: runs.payload, definition: journeyVersions.definition })
    .from(runs)
    .innerJoin(
      journeyVersions,
      and(eq(journeyVersions.key, runs.journey), eq(journeyVersions.version, runs.version)),
    )
    .where(
      and(
        eq(runs.contactId, contact.id),
        inArray(runs.state, ['running', 'waiting', 'paused']),
        arrayContains(journeyVersions.exitTriggers, [event.name]),
      ),
    )
    .orderBy(runs.id)
  const ended: string[] = []
  for (const run of candidates) {
    for (const exit of exitsOf(run.definition)) {
      if (exit.trigger !== event.name || (exit.humanOnly && event.class !== 'human')) continue
      if (!(await bindings.holds(exit.where, { trigger: run.payload, event: event.payload }))) continue
      await endRunIn(tx, {
        run: run.id,
        state: 'exited',
        reason: `trigger:${event.name}`,
        at: event.recordedAt,
        event: event.id,
        nudge: true,
      })
      ended.push(run.id)
      break
    }
  }
  return ended
}

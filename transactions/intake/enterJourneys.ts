/** Starts the runs of the published journeys whose entry this event is. */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { journeys, journeyVersions } from '../../db/schema/journeys.ts'
import type { StoredEvent } from '../../db/schema/triggers.ts'
import { entryOf } from '../../domain/journey/awaits.ts'
import type { ContactRow } from '../locks.ts'
import { insertRun, mayEnter } from '../runs/startRun.ts'
import type { Bindings } from './bindings.ts'

/** @returns the runs that were started */
export async function enterJourneys(
  tx: Db,
  event: StoredEvent,
  contact: ContactRow,
  bindings: Bindings,
  seq: number,
): Promise<string[]> {
  const candidates = await tx
    .select({ key: journeys.key, version: journeyVersions.version, definition: journeyVersions.definition })
    .from(journeys)
    .innerJoin(
      journeyVersions,
      and(eq(journeyVersions.key, journeys.key), eq(journeyVersions.version, journeys.publishedVersion)),
    )
    .where(eq(journeys.entryTrigger, event.name))
    .orderBy(journeys.key)
  const started: string[] = []
  for (const journey of candidates) {
    const entry = entryOf(journey.definition)
    if (entry === null || (entry.humanOnly && event.class !== 'human')) continue
    if (!(await bindings.holds(entry.where, { trigger: event.payload }))) continue
    if (!(await mayEnter(tx, journey, contact.id, event.recordedAt))) continue
    started.push(
      await insertRun(tx, {
        journey,
        contact,
        payload: event.payload,
        entryEvent: event.id,
        seq,
        now: event.recordedAt,
        clock: 'real',
      }),
    )
  }
  return started
}

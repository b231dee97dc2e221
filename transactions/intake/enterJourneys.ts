/** Starts the runs of the published journeys whose entry this event is. */
import { sql } from 'drizzle-orm'
import { given, Statement } from '../../db/statement.ts'
import { entryOf } from '../../domain/journey/awaits.ts'
import { insertRun, mayEnter } from '../runs/startRun.ts'
import type { Happening } from './happening.ts'

/** The published journeys with such an entry, under whatever condition. */
export const enterableJourneys = new Statement<{ name: string }, { key: string; version: number }>(
  sql`select key, published_version as version from journeys
    where entry_trigger = ${given('name')} and published_version is not null order by key`,
)

/** @returns the runs that were started */
export async function enterJourneys(
  { house, tx, event, contact, bindings }: Happening,
  candidates: readonly { key: string; version: number }[],
): Promise<string[]> {
  const started: string[] = []
  for (const { key, version } of candidates) {
    const { definition } = await house.versions.journey(tx, key, version)
    const journey = { key, version, definition }
    const entry = entryOf(definition)
    if (entry === null || (entry.humanOnly && event.class !== 'human')) continue
    if (!(await bindings.holds(entry.where, { trigger: event.payload }))) continue
    if (!(await mayEnter(tx, journey, contact.id, event.recordedAt))) continue
    started.push(
      await insertRun(tx, {
        journey,
        contact,
        payload: event.payload,
        entryEvent: event.id,
        seq: event.seq,
        now: event.recordedAt,
        clock: 'real',
      }),
    )
  }
  return started
}

/** Starts the runs of the published journeys whose entry this event is. */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { SkippedEntry } from '../../db/schema/triggers.ts'
import { entryOf } from '../../domain/journey/awaits.ts'
import { mostRunsInARow } from '../../domain/journey/reentry.ts'
import { entryVerdict, insertRun } from '../runs/startRun.ts'
import type { Happening } from './happening.ts'

/** The published journeys with such an entry, under whatever condition. */
export const enterableJourneys = new PreparedQuery<{ name: string }, { key: string; version: number }>(
  sql`select key, published_version as version from journeys
    where entry_trigger = ${given('name')} and published_version is not null order by key`,
)

/**
 * Re-entry rules are the journey's own word and pass without mention. An entry that only the number of open runs forbids is
 * answered as skipped, since its sender may want to know; so is one by an event to which too many runs led.
 *
 * @returns the runs that were started, and the entries that were skipped
 */
export async function enterJourneys(
  { deps, tx, event, contact, bindings }: Happening,
  candidates: readonly { key: string; version: number }[],
): Promise<{ started: string[]; skipped: SkippedEntry[] }> {
  const started: string[] = []
  const skipped: SkippedEntry[] = []
  for (const { key, version } of candidates) {
    const { definition } = await deps.versions.journey(tx, key, version)
    const journey = { key, version, definition }
    const entry = entryOf(definition)
    if (entry === null || (entry.humanOnly && event.class !== 'human')) continue
    if (!(await bindings.holds(entry.where, { trigger: event.payload }))) continue
    if (event.depth > mostRunsInARow) {
      skipped.push({ journey: key, code: 'journey-loop' })
      continue
    }
    const verdict = await entryVerdict(tx, journey, contact.id, event.recordedAt)
    if (verdict === 'too-many-runs') skipped.push({ journey: key, code: verdict })
    if (verdict !== 'enters') continue
    started.push(
      await insertRun(tx, deps, {
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
  return { started, skipped }
}

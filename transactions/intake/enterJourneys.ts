/** Starts the runs of the published journeys whose entry this event is. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { SkippedEntry } from '../../db/schema/triggers.ts'
import { entryOf } from '../../domain/journey/awaits.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import { mostRunsInARow } from '../../domain/journey/reentry.ts'
import type { Deps } from '../deps.ts'
import { entryVerdict, insertRun } from '../runs/startRun.ts'
import type { Happening } from './happening.ts'

/** The published journeys with such an entry, under whatever condition. */
export const enterableJourneys = new PreparedQuery<{ name: string }, { key: string; version: number }>(
  sql`select key, published_version as version from journeys
    where entry_trigger = ${given('name')} and published_version is not null order by key`,
)

/**
 * An entry that re-entry rules or the entry's condition forbid is not reported. Other entries that start nothing are returned as skipped,
 * with a code, for the sender.
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
    const definition = await readableDefinition(deps, tx, key, version)
    if (definition === null) {
      skipped.push({ journey: key, code: 'unreadable-journey-version' })
      continue
    }
    const journey = { key, version, definition }
    const entry = entryOf(definition)
    if (entry === null || (entry.humanOnly && event.class !== 'human')) continue
    // Where the condition cannot be evaluated there is no run, and so no path that could say why.
    if (!(await bindings.judge(entry.where, { trigger: event.payload })).holds) continue
    if (event.depth > mostRunsInARow) {
      skipped.push({ journey: key, code: 'journey-loop' })
      continue
    }
    const verdict = await entryVerdict(tx, journey, contact, event.recordedAt)
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

/** Null: this version of Assent cannot read it. That must not keep the contact's other journeys from the event. */
async function readableDefinition(
  deps: Deps,
  tx: Db,
  journey: string,
  version: number,
): Promise<JourneyDefinition | null> {
  try {
    return (await deps.versions.journey(tx, journey, version)).definition
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    deps.log.error(
      { journey, version, code: error.code },
      'A published journey cannot be read by this version of Assent and starts no runs. Upgrade Assent, or publish it again.',
    )
    return null
  }
}

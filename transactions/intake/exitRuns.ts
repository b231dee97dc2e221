/** Exit triggers end a run at once, at any position. The run ends here, in the database; its workflow is only nudged. */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { runs } from '../../db/schema/journeys.ts'
import { exitsOf } from '../../domain/journey/awaits.ts'
import { tellRunEnds } from '../outcomes.ts'
import { endRunsIn } from '../runs/endRun.ts'
import { noteUnknowns, type UnknownOfRun } from '../runs/noteUnknowns.ts'
import { firstMatch } from '../runs/settleMatched.ts'
import type { Happening } from './happening.ts'
import { unlessUnreadable } from './unlessUnreadable.ts'

type Candidate = Pick<typeof runs.$inferSelect, 'id' | 'journey' | 'version' | 'payload'>

/** The contact's runs that have such an exit, under whatever condition. */
export const exitableRuns = new PreparedQuery<{ contact: string; name: string }, Candidate>(
  sql`select r.id, r.journey, r.version, r.payload
    from open_runs o join runs r on r.id = o.run_id join journey_versions v on v.key = r.journey and v.version = r.version
    where o.contact_id = ${given('contact')}
      and v.exit_triggers @> array[${given('name')}::text]
    order by r.id`,
)

/** @returns those of the runs that the event ends */
export async function exitsOfEvent(
  happening: Happening,
  candidates: readonly Candidate[],
): Promise<string[]> {
  const { deps, tx, event, bindings } = happening
  const exiting: string[] = []
  const unknown: UnknownOfRun[] = []
  for (const { id: run, journey, version, payload } of candidates) {
    await unlessUnreadable(happening, run, async () => {
      const { definition } = await deps.versions.journey(tx, journey, version)
      const found = await firstMatch(
        exitsOf(definition),
        { ...event, messageStep: null },
        payload,
        bindings,
        'exit',
      )
      if (found.index !== null) exiting.push(run)
      else if (found.unknown !== null) unknown.push({ run, reason: found.unknown })
    })
  }
  await noteUnknowns(tx, happening.contact, unknown)
  return exiting
}

/** @returns the runs that ended */
export async function exitRuns(
  { deps, tx, event, contact }: Happening,
  exiting: readonly string[],
): Promise<string[]> {
  const { id, name, recordedAt: at } = event
  const end = { runs: exiting, state: 'exited', reason: `trigger:${name}`, at, event: id } as const
  const ended = await endRunsIn(tx, contact, end, { why: 'exit', trigger: name, event: id })
  tellRunEnds(deps, ended, end)
  return ended.map((run) => run.id)
}

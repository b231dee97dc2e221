/** Exit triggers act anywhere, at once: the run ends in the database here; its workflow only hears of it. */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { runs } from '../../db/schema/journeys.ts'
import { exitsOf } from '../../domain/journey/awaits.ts'
import { tellRunEnds } from '../outcomes.ts'
import { endRunsIn } from '../runs/endRun.ts'
import type { Happening } from './happening.ts'

type Candidate = Pick<typeof runs.$inferSelect, 'id' | 'journey' | 'version' | 'payload'>

/** The contact's runs that have such an exit, under whatever condition. */
export const exitableRuns = new PreparedQuery<{ contact: string; name: string }, Candidate>(
  sql`select r.id, r.journey, r.version, r.payload
    from runs r join journey_versions v on v.key = r.journey and v.version = r.version
    where r.contact_id = ${given('contact')} and r.ended_at is null
      and v.exit_triggers @> array[${given('name')}::text]
    order by r.id`,
)

/** @returns the runs that ended */
export async function exitRuns(
  { deps, tx, event, bindings }: Happening,
  candidates: readonly Candidate[],
): Promise<string[]> {
  const exited: string[] = []
  for (const run of candidates) {
    const { definition } = await deps.versions.journey(tx, run.journey, run.version)
    for (const exit of exitsOf(definition)) {
      if (exit.trigger !== event.name || (exit.humanOnly && event.class !== 'human')) continue
      if (!(await bindings.holds(exit.where, { trigger: run.payload, event: event.payload }))) continue
      exited.push(run.id)
      break
    }
  }
  const { id, name, recordedAt: at } = event
  const end = { runs: exited, state: 'exited', reason: `trigger:${name}`, at, event: id } as const
  const ended = await endRunsIn(tx, end, { why: 'exit', trigger: name, event: id })
  tellRunEnds(deps, ended, end)
  return ended.map((run) => run.id)
}

/** The moves of `domain/journey/runState.ts` as SQL over `runs`: what is not listed there stays as it is, `paused` above all. */
import { type SQL, sql } from 'drizzle-orm'
import { runs } from '../../db/schema/journeys.ts'
import { type RunMove, type RunState, runTransitions } from '../../domain/journey/runState.ts'

/** The state after a move, as an expression. Its words are literals, so that partial indexes see them. */
export function stateAfter(move: RunMove): SQL<RunState> {
  const cases = Object.entries(runTransitions[move]).map(([from, to]) => `when '${from}' then '${to}'`)
  return sql`case ${runs.state} ${sql.raw(cases.join(' '))} else ${runs.state} end`
}

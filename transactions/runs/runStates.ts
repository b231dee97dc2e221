/**
 * How transactions change a run's state, as SQL over `runs`. A run is open while it is running, waiting or paused, and ends once
 * (`endRun.ts`). Entering and leaving a wait leave a paused run paused.
 */
import { sql } from 'drizzle-orm'
import { runs } from '../../db/schema/journeys.ts'

/** running → waiting */
export const runStateInWait = sql`case when ${runs.state} = 'running' then 'waiting' else ${runs.state} end`

/** waiting → running */
export const runStateAfterWait = sql`case when ${runs.state} = 'waiting' then 'running' else ${runs.state} end`

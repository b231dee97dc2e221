/** Parks runs that this version of Assent cannot drive: they wait for an operator (`POST /v1/runs/{id}/retry`), and are not failed. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { MachineError } from '../../domain/journey/machineError.ts'
import { countRunParked } from '../../telemetry/journeys.ts'
import type { Deps } from '../deps.ts'
import { whenCommitted } from '../outcomes.ts'

/** Logged and counted once, when the run becomes parked. */
export async function parkRun(deps: Deps, tx: Db, run: string, { code, step }: MachineError): Promise<void> {
  const [parked] = await parking.all(tx, { run, reason: code })
  if (parked === undefined) return
  const { journey, version } = parked
  whenCommitted(deps, () => {
    countRunParked(code)
    deps.log.error(
      { run, journey, version, step, code },
      'A run was parked: this version of Assent cannot read it. Upgrade Assent, then POST /v1/runs/{id}/retry.',
    )
  })
}

const parking = new PreparedQuery<{ run: string; reason: string }, { journey: string; version: number }>(
  sql`update runs set parked = ${given('reason')} where id = ${given('run')}::uuid and ended_at is null and parked is null
    returning journey, version`,
)

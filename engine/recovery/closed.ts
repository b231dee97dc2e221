/** Finds our workflows that the engine lists as closed although their row is open. */
import type { Client } from '@temporalio/client'
import type { Db } from '../../db/connect.ts'
import { openSubjects, type Suspect } from '../../db/reads/suspects.ts'
import { requestOfWorkflow, runOfWorkflow } from '../../domain/workflowIds.ts'

/** Milliseconds by which a look overlaps the one before, because the engine lists closed workflows with a delay. */
const overlap = 10 * 60_000
/** Ids per query. */
const batch = 200

/** @param until RFC 3339: workflows that closed before were already checked; null: check all that the engine still lists */
export async function* closedSuspects(
  db: Db,
  client: Client,
  until: string | null,
): AsyncGenerator<Suspect[]> {
  const since =
    until === null ? '' : ` and CloseTime > "${new Date(Date.parse(until) - overlap).toISOString()}"`
  const types = 'WorkflowType in ("journey", "doubleOptIn")'
  const closed = 'ExecutionStatus in ("Terminated", "Canceled", "TimedOut", "Failed")'
  let ids = new Set<string>()
  for await (const { workflowId } of client.workflow.list({ query: `${types} and ${closed}${since}` })) {
    const id = runOfWorkflow(workflowId) ?? requestOfWorkflow(workflowId)
    if (id !== null) ids.add(id)
    if (ids.size < batch) continue
    yield await openSubjects(db, [...ids])
    ids = new Set()
  }
  yield await openSubjects(db, [...ids])
}

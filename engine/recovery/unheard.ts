/** Handles a signal that found no workflow: if its run or request is open, recovers it. The new workflow then reads what is next. */
import { openSubjects } from '../../db/reads/suspects.ts'
import { requestOfWorkflow, runOfWorkflow } from '../../domain/workflowIds.ts'
import { type Means, recover } from './recover.ts'

export async function recoverUnheard(means: Means, workflowId: string): Promise<void> {
  const id = runOfWorkflow(workflowId) ?? requestOfWorkflow(workflowId)
  if (id === null) return
  for (const suspect of await openSubjects(means.deps.db, [id])) await recover(means, suspect, 'unheard')
}

/**
 * Recovers one run or request. If its workflow is gone, it is started again from its row. If a person ended the workflow in Temporal, the
 * run ends. If the workflow runs but something is overdue, it is nudged.
 */
import type { Client } from '@temporalio/client'
import { mayRecover } from '../../db/reads/recoverable.ts'
import type { Suspect } from '../../db/reads/suspects.ts'
import type { Nudge } from '../../domain/journey/signals.ts'
import { standingOf } from '../../domain/recovery/execution.ts'
import type { Deps } from '../../transactions/deps.ts'
import { recoverRequest, requestIsDriven } from '../../transactions/recovery/recoverRequest.ts'
import { recoverRun, recoveryFailed, runIsDriven } from '../../transactions/recovery/recoverRun.ts'
import { cancelFromTemporal } from '../../transactions/runs/endRun.ts'
import { startWorkflow } from '../starts.ts'
import { latestExecution } from './execution.ts'

export type Means = { deps: Deps; client: Client; taskQueue: string }

/**
 * Why the run or request is checked. `closed`: its workflow closed, or it was checked before. `overdue`: something did not happen in time.
 * `swept`: the engine has changed, and the workflow may be older than the row. `unheard`: a signal found no workflow.
 */
export type Reason = 'closed' | 'overdue' | 'swept' | 'unheard'

export type Outcome = 'left' | 'nudged' | 'started' | 'ended' | 'parked'

/** @throws the client's error if the engine does not answer; a later look finds the suspect again */
export async function recover(means: Means, suspect: Suspect, reason: Reason): Promise<Outcome> {
  const { deps, client } = means
  if (!(await mayRecover(deps.db, suspect, { unstarted: reason === 'unheard' }))) return 'left'
  const standing = standingOf(await latestExecution(client, suspect.workflow))
  switch (standing) {
    case 'runs':
      return isDriven(means, suspect, reason)
    case 'person':
      // A request cannot be cancelled: it is confirmed, withdrawn or expires.
      if (suspect.kind === 'request') return startAgain(means, suspect)
      await cancelFromTemporal(deps, suspect.id)
      deps.log.warn(
        { run: suspect.id },
        'A run was cancelled because somebody ended its workflow in Temporal.',
      )
      return 'ended'
    case 'gone':
      return startAgain(means, suspect)
    default:
      return standing satisfies never
  }
}

async function isDriven(
  { deps, client }: Means,
  { kind, id, workflow }: Suspect,
  reason: Reason,
): Promise<Outcome> {
  const asksAgain = reason === 'overdue' || reason === 'swept'
  const nudge: Nudge = { why: 'recovered' }
  if (asksAgain) await client.workflow.getHandle(workflow).signal('nudge', nudge)
  await (kind === 'run' ? runIsDriven : requestIsDriven)(deps, id, reason === 'overdue')
  return asksAgain ? 'nudged' : 'left'
}

async function startAgain({ deps, client, taskQueue }: Means, { kind, id }: Suspect): Promise<Outcome> {
  const recovery = await (kind === 'run' ? recoverRun : recoverRequest)(deps, id)
  switch (recovery.do) {
    case 'leave':
      return 'left'
    case 'park':
      deps.log.error(
        { run: id },
        'A run was parked: its workflow was started again too often without progress. Find the cause, then POST /v1/runs/{id}/retry.',
      )
      return 'parked'
    case 'start':
      try {
        await startWorkflow(client, taskQueue, recovery.start)
      } catch (error) {
        if (kind === 'run') await recoveryFailed(deps, id)
        throw error
      }
      return 'started'
    default:
      return recovery satisfies never
  }
}

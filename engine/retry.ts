/**
 * Has a held delivery tried at once. Between two attempts its activity waits in Temporal, for up to ten minutes; resetting the
 * activity ends that pause. Each attempt decides on the message anew, so nothing leaves that may not.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import proto from '@temporalio/proto'
import type { Db } from '../db/connect.ts'
import { readWorkflowId } from '../db/reads/workflowId.ts'

/**
 * `asked`: an attempt begins now. `under-way`: one is being made at this moment. `nothing-waits`: no workflow tries this delivery any
 * more. `unsupported`: the Temporal server cannot reset activities.
 */
export type Retried = 'asked' | 'under-way' | 'nothing-waits' | 'unsupported'

/** @param delivery `run` of the held delivery, or `doubleOptIn` */
export type RetryHeld = (delivery: { run: string | null; doubleOptIn: string | null }) => Promise<Retried>

/** Milliseconds the engine may take to answer. */
const patience = 5_000

const { PENDING_ACTIVITY_STATE_STARTED: started } = proto.temporal.api.enums.v1.PendingActivityState

/**
 * A workflow tries one delivery at a time.
 *
 * @throws what the client throws where the engine cannot be reached
 */
export async function retryDelivery(
  db: Db,
  client: Client,
  delivery: Parameters<RetryHeld>[0],
): Promise<Retried> {
  const origin = delivery.run ?? delivery.doubleOptIn
  const workflowId = origin === null ? null : await readWorkflowId(db, origin)
  if (workflowId === null) return 'nothing-waits'
  return client.withDeadline(Date.now() + patience, async () => {
    try {
      const { raw, runId } = await client.workflow.getHandle(workflowId).describe()
      const waiting = raw.pendingActivities?.find((activity) => activity.activityType?.name === 'deliver')
      if (waiting === undefined) return 'nothing-waits'
      if (waiting.state === started) return 'under-way'
      await client.workflowService.resetActivity({
        namespace: client.options.namespace,
        execution: { workflowId, runId },
        id: waiting.activityId ?? '',
      })
      return 'asked'
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || hasCode(error, notFound)) return 'nothing-waits'
      if (hasCode(error, unimplemented)) return 'unsupported'
      throw error
    }
  })
}

/** gRPC status codes. */
const notFound = 5
const unimplemented = 12

function hasCode(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}

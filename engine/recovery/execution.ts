/** Reads the latest execution of a workflow from the engine. After a reset, that is the execution which the reset began. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import proto from '@temporalio/proto'
import type { Execution } from '../../domain/recovery/execution.ts'

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT: closeEvent } =
  proto.temporal.api.enums.v1.HistoryEventFilterType

/** @returns null if the engine knows no execution */
export async function latestExecution(client: Client, workflowId: string): Promise<Execution | null> {
  try {
    const { status, runId } = await client.workflow.getHandle(workflowId).describe()
    const terminatedBy = status.name === 'TERMINATED' ? await whoTerminated(client, workflowId, runId) : null
    return { status: status.name, terminatedBy }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null
    throw error
  }
}

async function whoTerminated(client: Client, workflowId: string, runId: string): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    historyEventFilterType: closeEvent,
  })
  return history?.events?.at(-1)?.workflowExecutionTerminatedEventAttributes?.identity ?? ''
}

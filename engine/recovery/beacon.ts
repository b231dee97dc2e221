/** Identifies the engine, and makes the beacon workflow count (`workflows/beacon.ts`). */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Epoch } from '../../domain/recovery/epoch.ts'
import { beaconWorkflowId } from '../../domain/workflowIds.ts'

/** @throws if the engine does not answer */
export async function readEpoch(client: Client, taskQueue: string): Promise<Epoch> {
  const { namespaceInfo } = await client.workflowService.describeNamespace({
    namespace: client.options.namespace,
  })
  const namespace = namespaceInfo?.id
  if (namespace == null || namespace === '') throw new Error('the engine does not name its namespace')
  return { namespace, generation: await generationOf(client, taskQueue) }
}

async function generationOf(client: Client, taskQueue: string): Promise<number> {
  try {
    const { memo } = await client.workflow.getHandle(beaconWorkflowId(taskQueue)).describe()
    const generation = memo?.generation
    return typeof generation === 'number' ? generation : 0
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0
    throw error
  }
}

/** Starts the beacon if it does not run, and signals it. It counts when a worker handles the signal, and writes the count to its memo. */
export async function countOn(client: Client, taskQueue: string, { generation }: Epoch): Promise<void> {
  await client.workflow.signalWithStart('beacon', {
    workflowId: beaconWorkflowId(taskQueue),
    taskQueue,
    args: [generation],
    memo: { generation },
    signal: 'count',
    signalArgs: [generation + 1],
    staticSummary: 'shows Assent that this namespace was not put back to an earlier state',
  })
}

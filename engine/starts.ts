/** Starts workflows, each id once, with the texts that operators see in the Temporal UI. They contain no personal data. */
import { randomUUID } from 'node:crypto'
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { Next } from '../domain/journey/next.ts'
import { doubleOptInWorkflowId, journeyWorkflowId } from '../domain/workflowIds.ts'
import type { OutboxStart } from '../transactions/outbox.ts'
import { journeyAttribute, stateAttribute, versionAttribute } from './searchAttributes.ts'

type Described = {
  workflowId: string
  /** Whether to start the workflow again if it has closed: false for a run's first start, true for recovery. */
  again: boolean
  type: 'journey' | 'doubleOptIn'
  argument: DriveInput
  summary: string
  attributes: { journey: string; version: number | null; state: string }
}

/** The argument of both workflows (`workflows/drive.ts`). */
type DriveInput = { driven: { kind: 'run' | 'request'; id: string }; title: string; first: Next }

function describe(start: OutboxStart): Described {
  const { id, first } = start
  switch (start.workflow) {
    case 'journey': {
      const { journey, version } = start
      return {
        workflowId: journeyWorkflowId(journey, id),
        again: start.again === true,
        type: 'journey',
        argument: { driven: { kind: 'run', id }, title: `**${journey}** version ${version}`, first },
        summary: `${journey} version ${version}`,
        attributes: { journey, version, state: 'running' },
      }
    }
    case 'doubleOptIn': {
      const { profile } = start
      return {
        workflowId: doubleOptInWorkflowId(profile, id),
        again: start.again === true,
        type: 'doubleOptIn',
        argument: { driven: { kind: 'request', id }, title: `**double opt-in**, profile ${profile}`, first },
        summary: `double opt-in, profile ${profile}`,
        attributes: { journey: 'double-opt-in', version: null, state: 'pending' },
      }
    }
    default:
      return start satisfies never
  }
}

/** Starts the workflow of a run or a request. If it is running already, that counts as success. */
export async function startWorkflow(client: Client, taskQueue: string, start: OutboxStart): Promise<void> {
  const described = describe(start)
  if (start.clock === 'skipping') return startSkipping(client, taskQueue, described)
  const { journey, version, state } = described.attributes
  try {
    await client.workflow.start(described.type, {
      workflowId: described.workflowId,
      taskQueue,
      args: [described.argument],
      workflowIdReusePolicy: described.again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      staticSummary: described.summary,
      typedSearchAttributes: [
        { key: journeyAttribute, value: journey },
        ...(version === null ? [] : [{ key: versionAttribute, value: version }]),
        { key: stateAttribute, value: state },
      ],
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}

/** Most time skips in one run; far more than any journey has waits. */
const mostSkips = 10_000

/** The SDK's client has no option for the server's time skipping yet, so this function calls the gRPC service directly. */
async function startSkipping(client: Client, taskQueue: string, described: Described): Promise<void> {
  const { journey, version, state } = described.attributes
  const {
    WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE: reject,
    WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE: allow,
  } = proto.temporal.api.enums.v1.WorkflowIdReusePolicy
  try {
    await client.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      requestId: randomUUID(),
      workflowId: described.workflowId,
      workflowType: { name: described.type },
      taskQueue: { name: taskQueue },
      input: { payloads: [defaultPayloadConverter.toPayload(described.argument)] },
      workflowIdReusePolicy: described.again ? allow : reject,
      userMetadata: { summary: defaultPayloadConverter.toPayload(described.summary) },
      searchAttributes: {
        indexedFields: {
          [journeyAttribute.name]: attribute('Keyword', journey),
          ...(version === null ? {} : { [versionAttribute.name]: attribute('Int', version) }),
          [stateAttribute.name]: attribute('Keyword', state),
        },
      },
      timeSkippingConfig: { enabled: true, maxSessionSkipCount: mostSkips },
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

function attribute(type: string, value: string | number): Payload {
  const payload = defaultPayloadConverter.toPayload(value)
  return { ...payload, metadata: { ...payload.metadata, type: new TextEncoder().encode(type) } }
}

/** gRPC status ALREADY_EXISTS. */
function isAlreadyExists(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 6
}

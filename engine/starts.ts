/** Starts workflows, each id once, with what operators see of it in the Temporal UI; no personal data. */
import { randomUUID } from 'node:crypto'
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { Plan } from '../domain/journey/plan.ts'
import { doubleOptInWorkflowId, journeyWorkflowId } from '../domain/workflowIds.ts'
import type { OutboxStart } from '../transactions/outbox.ts'
import { journeyAttribute, stateAttribute, versionAttribute } from './searchAttributes.ts'

type JourneyStart = { run: string; journey: string; version: number; plan: Plan; clock: OutboxStart['clock'] }

type Described = {
  workflowId: string
  /** Whether one that has ended is started again. */
  again: boolean
  type: 'journey' | 'doubleOptIn'
  argument: JourneyStart | { request: string }
  summary: string
  attributes: { journey: string; version: number | null; state: string }
}

function describe(start: OutboxStart, plan: Plan | null): Described {
  switch (start.workflow) {
    case 'journey':
      if (plan === null) throw new TypeError('a journey is started with its plan')
      return {
        workflowId: journeyWorkflowId(start.journey, start.id),
        again: false,
        type: 'journey',
        argument: {
          run: start.id,
          journey: start.journey,
          version: start.version,
          plan,
          clock: start.clock,
        },
        summary: `${start.journey} version ${start.version}`,
        attributes: { journey: start.journey, version: start.version, state: 'running' },
      }
    case 'doubleOptIn':
      return {
        workflowId: doubleOptInWorkflowId(start.profile, start.id),
        again: start.again === true,
        type: 'doubleOptIn',
        argument: { request: start.id },
        summary: `double opt-in, profile ${start.profile}`,
        attributes: { journey: 'double-opt-in', version: null, state: 'pending' },
      }
    default:
      return start satisfies never
  }
}

/**
 * Starting one that was started before counts as done; where it is to be started again, one that is still running does.
 * @param plan of the journey's version; null for a double opt-in
 */
export async function startWorkflow(
  client: Client,
  taskQueue: string,
  start: OutboxStart,
  plan: Plan | null,
): Promise<void> {
  const described = describe(start, plan)
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

/** Most skips of time in one run: far beyond any journey's waits. */
const mostSkips = 10_000

/** The SDK's client has no option for the server's own time skipping yet, so this one speaks to the service itself. */
async function startSkipping(client: Client, taskQueue: string, described: Described): Promise<void> {
  const { journey, version, state } = described.attributes
  const { WorkflowIdReusePolicy } = proto.temporal.api.enums.v1
  try {
    await client.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      requestId: randomUUID(),
      workflowId: described.workflowId,
      workflowType: { name: described.type },
      taskQueue: { name: taskQueue },
      input: { payloads: [defaultPayloadConverter.toPayload(described.argument)] },
      workflowIdReusePolicy: described.again
        ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
        : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
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

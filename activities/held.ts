/**
 * Tells a workflow that its delivery is held, and why: an activity that is tried again says nothing to its workflow, and the run's
 * current details in the Temporal UI would show a send that never ends.
 */
import { Context, heartbeat } from '@temporalio/activity'
import type { Held, Sending } from '../domain/journey/signals.ts'
import type { DeliveryRef } from '../transactions/deliveries/subject.ts'

/** Milliseconds for the signal; the delivery is tried again whether or not it arrives. */
const patience = 5_000

/**
 * The reason that the attempts before have told, as the last heartbeat of each leaves it for the next one. A provider that is away for
 * days makes hundreds of attempts: one signal for each new reason, not one for each attempt.
 */
export function reasonToldBefore(): unknown {
  return Context.current().info.heartbeatDetails
}

/** @param reason a code, never data: it is plain text in Temporal */
export async function tellHeld(ref: DeliveryRef, reason: string): Promise<void> {
  if (reasonToldBefore() === reason) return
  const { info, client, log } = Context.current()
  const { workflowId, runId } = info.workflowExecution ?? {}
  if (workflowId === undefined) return
  const told: Held = { sending: sendingOf(ref), reason }
  try {
    await client.withDeadline(Date.now() + patience, () =>
      client.workflow.getHandle(workflowId, runId).signal('held', told),
    )
    heartbeat(reason)
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'unknown'
    log.warn('the workflow could not be told that its delivery is held', { kind })
  }
}

function sendingOf(ref: DeliveryRef): Sending {
  return ref.kind === 'run' ? { step: ref.step, visit: ref.visit } : { mail: ref.mail }
}

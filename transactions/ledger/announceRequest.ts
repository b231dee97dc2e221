/** Says how a double opt-in ended: to its workflow, and as a trigger that journeys may wait for or start with. */
import type { Db } from '../../db/connect.ts'
import type { doubleOptIns, Grant } from '../../db/schema/doubleOptIns.ts'
import { doubleOptInWorkflowId } from '../../domain/workflowIds.ts'
import type { LockedContactPoint } from '../locks.ts'
import { type OutboxSignal, type OutboxTrigger, putInOutbox, streamOfPoint } from '../outbox.ts'

/** @param grants what of the request it concerns: of a confirmed one, what was granted */
export async function announce(
  tx: Db,
  request: typeof doubleOptIns.$inferSelect,
  grants: readonly Grant[],
  contactPoint: LockedContactPoint,
  how: 'confirmed' | 'expired' | 'withdrawn',
  now: string,
): Promise<void> {
  const signal: OutboxSignal = {
    workflow: doubleOptInWorkflowId(request.profile, request.id),
    nudge: { why: how },
  }
  await putInOutbox(tx, { stream: request.id, kind: 'signal', body: signal })
  const trigger: OutboxTrigger = {
    name: `double-opt-in.${how}`,
    senderEvent: `${request.id}:${how}`,
    contactPoint: contactPoint.id,
    contact: null,
    delivery: null,
    doubleOptIn: request.id,
    payload: {
      doubleOptIn: request.id,
      channel: contactPoint.channel,
      profile: request.profile,
      grants,
      purposes: grants.map((grant) => grant.purpose),
      topics: grants.flatMap((grant) => (grant.topic === null ? [] : [grant.topic])),
    },
    occurredAt: now,
  }
  await putInOutbox(tx, { stream: streamOfPoint(contactPoint), kind: 'trigger', body: trigger })
}

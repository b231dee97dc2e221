/**
 * Has a held delivery tried now: the time it is held until becomes now, and its workflow is nudged. The attempt decides anew, so
 * nothing leaves that may not.
 *
 * Lock: the delivery's row.
 */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { readWorkflowId } from '../../db/reads/workflowId.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import type { Deps } from '../deps.ts'
import { lockDelivery } from '../locks.ts'
import { putInOutbox } from '../outbox.ts'

/** @throws Refusal `delivery-not-found`; `not-held` */
export async function releaseDelivery(deps: Deps, id: string): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const row = await lockDelivery(tx, id)
    if (row === null) throw notFound('delivery', id)
    if (row.state !== 'held') {
      const detail = `Only a held delivery can be retried. This one is ${row.state}. Read it again.`
      throw new Refusal('not-held', detail)
    }
    await tx
      .update(deliveries)
      .set({ heldUntil: await databaseNow(tx) })
      .where(eq(deliveries.id, id))
    const stream = row.runId ?? row.doubleOptIn
    const workflow = stream === null ? null : await readWorkflowId(tx, stream)
    if (stream === null || workflow === null) return
    await putInOutbox(tx, { stream, kind: 'signal', body: { workflow, nudge: { why: 'released' } } })
  })
}

/**
 * Records the outcome that a person found for an `unknown` delivery, for example in the mail server's log, with the person's key and
 * reason. The run has long continued and is not moved; its later waits read the delivery again.
 *
 * Lock: the delivery's row.
 */
import { and, eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import type { Deps } from '../deps.ts'
import { committing, tellDelivery } from '../outcomes.ts'

/**
 * @param settling.by id of the caller's API key
 * @throws Refusal `delivery-not-found`; `not-unknown`, also where the provider's late answer came first
 */
export async function settleByHand(
  deps: Deps,
  id: string,
  settling: { state: 'sent' | 'failed'; reason: string; by: string },
): Promise<void> {
  await committing(deps, async (inner) => {
    const tx = inner.db
    const at = await databaseNow(tx)
    const { state, by } = settling
    const [row] = await tx
      .update(deliveries)
      .set({
        state,
        reason: 'settled-by-hand',
        settledAt: at,
        settledByHand: { by, at, reason: settling.reason },
      })
      .where(and(eq(deliveries.id, id), eq(deliveries.state, 'unknown')))
      .returning()
    if (row === undefined) {
      const [found] = await tx
        .select({ state: deliveries.state })
        .from(deliveries)
        .where(eq(deliveries.id, id))
      if (found === undefined) throw notFound('delivery', id)
      throw new Refusal(
        'not-unknown',
        `Only a delivery whose outcome is unknown can be settled. This one is ${found.state}. Read it again.`,
      )
    }
    tellDelivery(inner, row)
  })
}

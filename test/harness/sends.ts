/** Parts of a send, each by itself: what the workflow and its activities do about it, without a worker. */
import { eq } from 'drizzle-orm'
import { prepareDelivery } from '../../activities/prepare.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { type Claim, claimDelivery } from '../../transactions/deliveries/claimDelivery.ts'
import { type DeliveryRef, readDraft } from '../../transactions/deliveries/origin.ts'
import { markHandedOver } from '../../transactions/deliveries/settleDelivery.ts'
import type { Assent } from './assent.ts'
import { optIn, type Person, publish, putPerson, startRunOf } from './fixtures.ts'
import { refOfRun } from './refs.ts'

export type Sending = { person: Person; run: string; ref: DeliveryRef }

/** A run at its send, of a person who may get the message; a wait for a day follows. */
export async function sendingRun(
  assent: Assent,
  send: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<Sending> {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first', ...send },
      { id: 'pause', type: 'wait', for: '1 day' },
    ],
    ...more,
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  return { person, run, ref: await refOfRun(assent.deps, run) }
}

export async function claimSend(assent: Assent, ref: DeliveryRef): Promise<Claim> {
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  const { rendering } = await prepareDelivery(assent.means, assessment, content)
  return claimDelivery(assent.deps, rendering, new Date().toISOString())
}

/** Claims and hands over; then the attempt is as good as dead. */
export async function handOverAndDie(assent: Assent, ref: DeliveryRef): Promise<void> {
  const claim = await claimSend(assent, ref)
  if (claim.kind !== 'claimed') throw new Error(claim.kind)
  if (!(await markHandedOver(assent.deps, claim.delivery, claim.attempt))) throw new Error('not handed over')
}

export async function deliveryOf(assent: Assent, { delivery }: DeliveryRef) {
  const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.id, delivery))
  return row
}

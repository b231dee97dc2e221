/**
 * The unsubscribe link of a message (RFC 8058): opts out of the topic the message was sent under, else of its purpose. The
 * handle carries the scope, so nothing in the request can widen or move it. It never expires.
 *
 * Idempotent by what stands, not by who asked: where the scope is already opted out by a word of its own, nothing is added;
 * after a later opt-in the same old link opts out again.
 *
 * Lock: the contact point.
 */
import { eq } from 'drizzle-orm'
import { deliveryByHandle, type LinkedDelivery } from '../../db/reads/deliveryByHandle.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { standing } from '../../domain/consent/standing.ts'
import { isSettledOptOut } from '../../domain/preferences/changes.ts'
import type { Notice } from '../../domain/shapes/consent.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { appendEvents } from '../ledger/appendEvents.ts'
import { lockContactPoint } from '../locks.ts'
import { evidenceOf, type PersonSaid } from '../said.ts'

/** What the link withdraws from, and how that stands. */
export type Withdrawable = LinkedDelivery & {
  /** Name of the topic or purpose, as people know it. */
  name: string
  state: 'may-withdraw' | 'withdrawn' | 'nothing-to-withdraw'
}

/** For the page. @throws Refusal not-found */
export async function readWithdrawable(house: House, handle: string): Promise<Withdrawable> {
  const linked = await deliveryByHandle(house.db, handle)
  const { purpose, topic } = linked.delivery
  const [row] = await house.db
    .select({ definition: purposes.definition })
    .from(purposes)
    .where(eq(purposes.key, purpose))
  // A purpose or topic that is gone may still be withdrawn from: an opt-out always counts.
  const definition = row === undefined ? null : purposeShape.parse(row.definition)
  const named = definition?.topics.find((one) => one.key === topic)
  const name = named?.name ?? definition?.name ?? topic ?? purpose
  if (definition?.kind === 'transactional') return { ...linked, name, state: 'nothing-to-withdraw' }
  const erased = linked.contactPoint.erasedAt !== null
  const { state } = standing(await readStandings(house.db, linked.contactPoint.id), purpose, topic)
  return { ...linked, name, state: erased || state === 'opted-out' ? 'withdrawn' : 'may-withdraw' }
}

export type Withdrawal = {
  result: 'withdrawn' | 'already-withdrawn' | 'nothing-to-withdraw'
  found: Withdrawable
}

/**
 * @param said.notice what the page's button said; null for a mail program's one-click
 * @throws Refusal not-found
 */
export async function withdrawByHandle(
  house: House,
  handle: string,
  said: PersonSaid & { notice: Notice | null },
): Promise<Withdrawal> {
  const found = await readWithdrawable(house, handle)
  if (found.state === 'nothing-to-withdraw') return { result: 'nothing-to-withdraw', found }
  if (found.contactPoint.erasedAt !== null) return { result: 'already-withdrawn', found }
  const { delivery } = found
  const { notice, ...person } = said
  await point('consent:before-lock')
  return house.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, found.contactPoint.id)
    const stands = standing(await readStandings(tx, contactPoint.id), delivery.purpose, delivery.topic)
    if (isSettledOptOut({ standing: stands }) || contactPoint.erasedAt !== null) {
      return { result: 'already-withdrawn', found: { ...found, state: 'withdrawn' } }
    }
    await appendEvents(tx, house, contactPoint, [
      {
        kind: 'consent',
        purpose: delivery.purpose,
        topic: delivery.topic,
        state: 'opted-out',
        occurredAt: null,
        source: { kind: 'one-click' },
        notice,
        related: {
          delivery: delivery.id,
          message: delivery.message,
          messageVersion: delivery.messageVersion,
        },
        sealed: evidenceOf(
          person,
          notice === null
            ? 'one-click unsubscribe of the mail program (RFC 8058), by the link of the message'
            : 'button of the unsubscribe page, reached by the link of the message',
        ),
      },
    ])
    return { result: 'withdrawn', found: { ...found, state: 'withdrawn' } }
  })
}

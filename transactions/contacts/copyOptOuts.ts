/**
 * Copies every opt-out in force from the old address to the new one. Each copy is an event that names its origin. Opt-ins are not copied,
 * because permission was given for the old address only.
 *
 * Locks: the contact points, all in id order.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { consentStates } from '../../db/schema/ledger.ts'
import type { Deps } from '../deps.ts'
import { appendEvents, type NewEvent } from '../ledger/appendEvents.ts'
import { lockContactPoints } from '../locks.ts'

export async function copyOptOuts(
  tx: Db,
  deps: Deps,
  pairs: readonly { from: string; to: string }[],
): Promise<void> {
  const points = await lockContactPoints(
    tx,
    pairs.flatMap(({ from, to }) => [from, to]),
  )
  for (const { from, to } of pairs) {
    const target = points.find((point) => point.id === to)
    if (target === undefined) throw new Error('a contact point vanished under its lock')
    const states = await tx.select().from(consentStates).where(eq(consentStates.contactPointId, from))
    const newEvents = states.flatMap(({ entry }): NewEvent[] => {
      if (entry.newest?.state !== 'opted-out') return []
      return [
        {
          kind: 'consent',
          purpose: entry.purpose,
          topic: entry.topic,
          state: 'opted-out',
          // Keeps its time: dated now, it would override a later opt-in that the person gave for the new address.
          occurredAt: entry.newest.at,
          source: { kind: 'crm', via: 'address-changed' },
          related: { copyOf: entry.newest.event },
          sealed: {
            circumstances: 'copied from the former address when the address of the contact changed',
            actor: { kind: 'system', id: null, onBehalfOf: null },
          },
        },
      ]
    })
    if (newEvents.length > 0) await appendEvents(tx, deps, target, newEvents)
  }
}

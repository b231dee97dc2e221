/**
 * A new address inherits every standing opt-out of the old one, an event each that names what it was copied from. Permission
 * was given for the old address alone, and stays there.
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
          // Copied as it stood: dated now, it would beat an opt-in that the person gave the new address meanwhile.
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

/**
 * Stores what the links of a mail need: the handle with the mail's scope, and each link's target. Each attempt makes its own mail and keeps
 * its rows whatever the outcome: a server may deliver a mail that it refused temporarily, and then the links must work with that mail's
 * scope. The rows of a mail that was never sent are harmless, because no one has its handle.
 */
import { type BoundQuery, insertOf } from '../../db/preparedQuery.ts'
import { type DeliveryRow, handles, links } from '../../db/schema/deliveries.ts'
import type { Rendering } from './prospect.ts'

/** Queries for the round trip in which the claim writes the delivery's row. */
export function keepMailScope(
  delivery: DeliveryRow,
  contactPointId: string,
  rendering: Rendering,
): BoundQuery<unknown>[] {
  const hash = Buffer.from(rendering.handleHash, 'hex')
  const { id: deliveryId, contactId, message, messageVersion, purpose, topic } = delivery
  const { tracksOpens, tracksClicks } = rendering
  const scope = { deliveryId, contactId, contactPointId, message, messageVersion, purpose, topic }
  return [
    handleInsert.with({ hash, ...scope, tracksOpens, tracksClicks }),
    ...rendering.links.map(({ tokenHash, ...link }) =>
      linkInsert.with({ ...link, tokenHash: Buffer.from(tokenHash, 'hex'), handleHash: hash }),
    ),
  ]
}

const handleInsert = insertOf(handles)
const linkInsert = insertOf(links)

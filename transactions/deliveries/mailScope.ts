/**
 * What the links of a mail rest on: the handle they carry, with the mail's scope, and where each leads. Each attempt makes a mail of its
 * own and keeps its rows whatever becomes of it: a server may deliver what it refused for now, and then the links must work, with the
 * scope of that mail. The rows of a mail that never left are of no use to anybody, since nobody has its handle.
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

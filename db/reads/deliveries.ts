/** Deliveries, blocks included: what was decided, from which inputs, and what came of it. */
import { and, asc, desc, eq, lt } from 'drizzle-orm'
import { notFound } from '../../domain/refusal.ts'
import type { Db } from '../connect.ts'
import { contacts } from '../schema/contacts.ts'
import { type DeliveryState, deliveries } from '../schema/deliveries.ts'
import { triggerEvents } from '../schema/triggers.ts'
import { type Page, pageOf } from './page.ts'

type Row = typeof deliveries.$inferSelect

export type DeliveryView = Omit<Row, 'claimKey' | 'handleHash'> & {
  interactions?: { event: string; name: string; at: string; class: string | null; link: string | null }[]
}

/** "Why was this sent?" @throws Refusal not-found */
export async function getDelivery(db: Db, id: string): Promise<DeliveryView> {
  const [row] = await db.select().from(deliveries).where(eq(deliveries.id, id))
  if (row === undefined) throw notFound('delivery', id)
  const events = await db
    .select()
    .from(triggerEvents)
    .where(eq(triggerEvents.deliveryId, id))
    .orderBy(asc(triggerEvents.recordedAt), asc(triggerEvents.id))
  const interactions = events.map((event) => ({
    event: event.id,
    name: event.name,
    at: event.occurredAt,
    class: event.class,
    link: typeof event.payload.link === 'string' ? event.payload.link : null,
  }))
  return { ...view(row), interactions }
}

export type DeliveryFilter = {
  /** External id. */
  contact?: string | undefined
  run?: string | undefined
  state?: DeliveryState | undefined
  limit: number
  after?: string | undefined
}

/** Newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<Page<DeliveryView>> {
  const rows = await db
    .select({ delivery: deliveries })
    .from(deliveries)
    .leftJoin(contacts, eq(contacts.id, deliveries.contactId))
    .where(
      and(
        filter.contact === undefined ? undefined : eq(contacts.externalId, filter.contact),
        filter.run === undefined ? undefined : eq(deliveries.runId, filter.run),
        filter.state === undefined ? undefined : eq(deliveries.state, filter.state),
        filter.after === undefined ? undefined : lt(deliveries.id, filter.after),
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(filter.limit + 1)
  return pageOf(
    rows,
    filter.limit,
    (row) => view(row.delivery),
    (row) => row.delivery.id,
  )
}

/** Without what makes its links: the handle's hash is nobody's business. */
function view(row: Row): DeliveryView {
  const { claimKey, handleHash, ...shown } = row
  return shown
}

/** Deliveries, blocks included: what was decided, from which inputs, and what came of it. */
import { asc, desc, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '../db/connect.ts'
import { contactIdOf } from '../db/reads/contactPoint.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { triggerEvents } from '../db/schema/triggers.ts'
import { explainDecision } from '../domain/consent/reasons.ts'
import { explainDelivery } from '../domain/delivery/explain.ts'
import { type DeliveryState, deliveryStates } from '../domain/delivery/states.ts'
import { notFound } from '../domain/refusal.ts'
import { type Page, pageOf } from './page.ts'
import { newestFirst, newestOf, type Period } from './walk.ts'

type Row = typeof deliveries.$inferSelect

export type DeliveryView = Omit<Row, 'handleHash' | 'decision' | 'runId'> & {
  /** Id of the run that it is a step of. */
  run: string | null
  /** What became of it and why, in a sentence. */
  explanation: string
  decision: ReturnType<typeof explainDecision> | null
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

export type DeliveryFilter = Period & {
  /** External id. */
  contact?: string | undefined
  run?: string | undefined
  message?: string | undefined
  state?: DeliveryState | undefined
  reason?: string | undefined
  /** Message-ID of an e-mail, as the mail server's log has it. */
  providerId?: string | undefined
  limit: number
  after?: string | undefined
}

/** Newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<Page<DeliveryView>> {
  const contact = filter.contact === undefined ? undefined : await contactIdOf(db, filter.contact)
  if (contact === null) return { items: [], next: null }
  const rows = await db
    .select()
    .from(deliveries)
    .where(inArray(deliveries.id, sql`(${pageOfIds(filter, contact)})`))
    .orderBy(desc(deliveries.id))
    .limit(filter.limit + 1)
  return pageOf(rows, filter.limit, view, (row) => row.id)
}

/**
 * The ids of one page. A contact, a run and a provider's id have few deliveries. The indexes by message and by reason go on with
 * the state: where it is open, a page of each state is found.
 */
function pageOfIds(filter: DeliveryFilter, contact: string | undefined): SQL {
  const { run, message, state, reason, providerId, limit } = filter
  const { id } = deliveries
  const page = { ...filter, id }
  const few: [PgColumn, string | undefined][] = [
    [deliveries.runId, run],
    [deliveries.providerId, providerId],
    [deliveries.contactId, contact],
  ]
  const by: [PgColumn, string | undefined][] = [
    [deliveries.message, message],
    [deliveries.reason, reason],
  ]
  const [first, ...rest] = given(few)
  if (first !== undefined) {
    const where = given([...by, [deliveries.state, state]])
      .concat(rest)
      .map(([column, value]) => eq(column, value))
    return newestFirst(deliveries, { ...page, along: [first], where: [...where, isNotNull(first[0])] })
  }
  const along = given(by)
  const where = reason === undefined ? [] : [isNotNull(deliveries.reason)]
  const ofState = (one: unknown) =>
    newestFirst(deliveries, { ...page, along: [...along, [deliveries.state, one]], where })
  if (state !== undefined) return ofState(state)
  if (along.length === 0) return newestFirst(deliveries, { ...page, along })
  const one = sql`unnest(${sql.param([...deliveryStates])}::text[]) as one(state)`
  return newestOf({ one, walk: ofState(sql`one.state`) }, limit)
}

function given(filters: readonly [PgColumn, string | undefined][]): [PgColumn, string][] {
  return filters.flatMap(([column, value]): [PgColumn, string][] =>
    value === undefined ? [] : [[column, value]],
  )
}

/** Without what makes its links: the handle's hash is nobody's business. */
function view(row: Row): DeliveryView {
  const { handleHash, decision, runId, ...shown } = row
  return {
    ...shown,
    run: runId,
    explanation: explainDelivery(row),
    decision: decision === null ? null : explainDecision(decision),
  }
}

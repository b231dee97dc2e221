/** Deliveries, including blocked ones: the decision, its inputs, and the outcome. */
import { asc, desc, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '../db/connect.ts'
import { momentOf } from '../db/ids.ts'
import { contactIdOf } from '../db/reads/contactPoint.ts'
import { frameColumn, ofFrame, storedDecision } from '../db/reads/storedDecision.ts'
import { type DeliveryRow, decisionFrames, deliveries } from '../db/schema/deliveries.ts'
import { triggerEvents } from '../db/schema/triggers.ts'
import type { Frame } from '../domain/consent/frame.ts'
import { explainDecision } from '../domain/consent/reasons.ts'
import type { DecisionInput } from '../domain/consent/types.ts'
import { explainDelivery } from '../domain/delivery/explain.ts'
import { courseOf, courses, type DeliveryState } from '../domain/delivery/states.ts'
import { notFound } from '../domain/refusal.ts'
import { type Page, pageOf } from './page.ts'
import {
  among,
  type Found,
  newestFirst,
  newestOf,
  newestOfFew,
  type Period,
  shortened,
  type Walk,
  whole,
} from './walk.ts'

/** What the database derives. */
type Derived = Pick<typeof deliveries.$inferSelect, 'course' | 'due'>

export type DeliveryView = Omit<DeliveryRow, 'frame' | 'facts' | 'decision' | 'runId'> & {
  /** Id of the run that it is a step of. */
  run: string | null
  /** The outcome and its reason, in a sentence. */
  explanation: string
  decision: ReturnType<typeof explainDecision> | null
  decisionInput: DecisionInput | null
  /** When its id was made: when it became due. */
  createdAt: string
  interactions?: { event: string; name: string; at: string; class: string | null; link: string | null }[]
}

function selectRows(db: Db) {
  return db
    .select({ delivery: deliveries, frame: frameColumn })
    .from(deliveries)
    .leftJoin(decisionFrames, ofFrame)
}

/** "Why was this sent?" @throws Refusal not-found */
export async function getDelivery(db: Db, id: string): Promise<DeliveryView> {
  const [row] = await selectRows(db).where(eq(deliveries.id, id))
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
  const found = pageOfIds(filter, contact)
  const rows = await selectRows(db)
    .where(inArray(deliveries.id, sql`(${found.page})`))
    .orderBy(desc(deliveries.id))
    .limit(filter.limit + 1)
  return shortened(
    db,
    pageOf(rows, filter.limit, view, (row) => row.delivery.id),
    found,
  )
}

/**
 * The ids of one page. A contact, a run and a provider's id have few deliveries. The indexes by message and by reason
 * continue with the course: if no state is given, a page of each course is read. States of the usual course have no
 * index; a page for one of them is searched among the newest rows.
 */
function pageOfIds(filter: DeliveryFilter, contact: string | undefined): Found {
  const { run, message, state, reason, providerId, limit } = filter
  const { id, course } = deliveries
  const page = { ...filter, id }
  const by: [PgColumn, string | undefined][] = [
    [deliveries.message, message],
    [deliveries.reason, reason],
  ]
  const few = given([[deliveries.runId, run]]).map(([column, value]) => eq(column, value))
  if (providerId !== undefined)
    few.push(eq(deliveries.providerId, providerId), sameHash(deliveries.providerId, providerId))
  const ofContact = given([[deliveries.contactId, contact]])
  const rest = given([...by, [deliveries.state, state]]).map(([column, value]) => eq(column, value))
  if (few.length > 0) {
    const where = [...few, ...rest, ...ofContact.map(([column, value]) => eq(column, value))]
    return whole(newestOfFew(deliveries, { ...page, where }))
  }
  if (contact !== undefined) {
    const where = [...rest, isNotNull(deliveries.contactId)]
    return whole(newestFirst(deliveries, { ...page, along: ofContact, where }))
  }
  const along = given(by)
  const ofReason = reason === undefined ? [] : [isNotNull(deliveries.reason)]
  const onCourse = (one: unknown, where: SQL[]) =>
    newestFirst(deliveries, { ...page, along: [...along, [course, one]], where })
  if (state === undefined) {
    if (along.length === 0) return whole(newestFirst(deliveries, { ...page, along }))
    const one = sql`unnest(${sql.param([...courses])}::text[]) as one(course)`
    return whole(newestOf({ one, walk: onCourse(sql`one.course`, ofReason) }, limit))
  }
  const ofState = courseOf(state)
  if (ofState !== 'usual') {
    // Literal text, so that the partial index can be used by every plan.
    const unusual = along.length === 0 ? [sql`${course} <> 'usual'`] : ofReason
    return whole(onCourse(ofState, unusual))
  }
  if (reason !== undefined) return whole(onCourse('usual', [...ofReason, eq(deliveries.state, state)]))
  const walk: Walk & Period = {
    ...page,
    along:
      message === undefined
        ? []
        : [
            [deliveries.message, message],
            [course, 'usual'],
          ],
  }
  return among(deliveries, walk, eq(deliveries.state, state))
}

/** The same expression as in the index: a provider's id is found by eight bytes of its hash. */
function sameHash(column: PgColumn, value: string): SQL {
  return sql`hashtextextended(${column}, 0) = hashtextextended(${value}, 0)`
}

function given(filters: readonly [PgColumn, string | undefined][]): [PgColumn, string][] {
  return filters.flatMap(([column, value]): [PgColumn, string][] =>
    value === undefined ? [] : [[column, value]],
  )
}

/** The decision is shown as it was made, however it is stored. */
function view({
  delivery: row,
  frame,
}: {
  delivery: DeliveryRow & Derived
  frame: Frame | null
}): DeliveryView {
  const { frame: _, facts, decision, runId, course, due, ...shown } = row
  const stored = storedDecision({ ...row, frame })
  return {
    ...shown,
    run: runId,
    explanation: explainDelivery(row),
    decision: stored === null ? null : explainDecision(stored.decision),
    decisionInput: stored?.input ?? null,
    createdAt: momentOf(row.id),
  }
}

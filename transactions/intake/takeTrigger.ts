/**
 * Takes one event that concerns a contact: stores it, ends the runs it exits, settles the waits it matches, starts the runs it
 * begins, and writes what Temporal must hear into the outbox. All in one transaction; after its commit the event can be
 * neither lost nor counted again.
 *
 * Locks: the contact row. The same (sender, name, id) again answers what the first one did; with another content it is a conflict.
 */

import { sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { given, insertOf, PreparedQuery } from '../../db/preparedQuery.ts'
import { type EventClass, type StoredEvent, triggerEvents } from '../../db/schema/triggers.ts'
import { failpoint } from '../../failpoints.ts'
import { countSkippedEntry, countTrigger } from '../../telemetry/journeys.ts'
import type { Deps } from '../deps.ts'
import { type ContactRow, lockContact } from '../locks.ts'
import { committing, whenCommitted } from '../outcomes.ts'
import { lazyBindings } from '../runs/bindings.ts'
import { enterableJourneys, enterJourneys } from './enterJourneys.ts'
import { exitableRuns, exitRuns } from './exitRuns.ts'
import { concernedWaits, matchWaits } from './matchWaits.ts'
import { type Answered, claimTriggerId, recordAnswer, type SaidOnce, takeOnce } from './triggerIds.ts'

export type IncomingEvent = {
  name: string
  /** Who says so: an API key's id, or `assent` for our own surfaces. */
  sender: string
  /** The sender's id of what happened; null: it gave none, and every time counts. */
  senderEvent: string | null
  /** JSON: what was said under that id, where it is not the event as it stands here. */
  said?: unknown
  /** Null: it concerns a contact point that no contact has. Stored, and nothing can follow. */
  contactId: string | null
  contactPointId?: string | null
  deliveryId?: string | null
  class?: EventClass | null
  payload: Record<string, unknown>
  /** RFC 3339; left out: now. */
  occurredAt?: string | null
  /** False: it moves and ends runs, and starts none. */
  starts?: boolean
  /** How many runs led to it; left out: it came from outside. */
  depth?: number
  /** What the answer says of a contact that was created for it. */
  about?: { created?: string; withoutAddress?: boolean }
}

export type TakenEvent = Answered

export async function takeTrigger(deps: Deps, incoming: IncomingEvent): Promise<TakenEvent> {
  await failpoint('trigger:before-lock')
  return takeOnce(deps.db, onceOf(incoming), () =>
    committing(deps, (inner) => takeTriggerIn(inner, inner.db, incoming)),
  )
}

/**
 * As `takeTrigger`, inside a transaction of the caller's, who holds no lock later than the contact's and its runs'.
 * @throws TriggerIdTaken where another transaction took the id first
 */
export async function takeTriggerIn(deps: Deps, tx: Db, incoming: IncomingEvent): Promise<TakenEvent> {
  // Pipelined, executed in this order: the clock is read after the lock.
  const [contact, now] = await Promise.all([
    incoming.contactId === null ? null : lockContact(tx, incoming.contactId),
    databaseNow(tx),
  ])
  await failpoint('trigger:locked')
  whenCommitted(deps, () => countTrigger(incoming.name, 'taken'))
  const once = onceOf(incoming)
  const id = newId()
  const seq = contact === null ? null : contact.eventSeq + 1
  const event: StoredEvent = {
    id,
    name: incoming.name,
    sender: incoming.sender,
    senderEvent: incoming.senderEvent ?? id,
    contactId: incoming.contactId,
    seq,
    contactPointId: incoming.contactPointId ?? null,
    deliveryId: incoming.deliveryId ?? null,
    class: incoming.class ?? null,
    payload: incoming.payload,
    occurredAt: incoming.occurredAt ?? now,
    recordedAt: now,
    depth: incoming.depth ?? 0,
  }
  const nothing = { event: id, started: [], signalled: [], skipped: [], ...incoming.about }
  const [, , concerned] = await Promise.all([
    once === null ? null : claimTriggerId(tx, once, nothing, now),
    insert.all(tx, event),
    contact === null ? null : readConcerned(tx, event, contact),
  ])
  if (contact === null || concerned === null || seq === null) return { ...nothing, duplicate: false }

  const happening = { deps, tx, event: { ...event, seq }, contact, bindings: lazyBindings(tx, contact, now) }
  const exited = await exitRuns(happening, concerned.runs)
  // A run that ended waits for nothing any more.
  const open = concerned.waits.filter(({ run }) => !exited.includes(run))
  const matched = await matchWaits(happening, open)
  const { started, skipped } =
    incoming.starts === false
      ? { started: [], skipped: [] }
      : await enterJourneys(happening, concerned.journeys)
  whenCommitted(deps, () => {
    for (const { code } of skipped) countSkippedEntry(code)
  })
  const answer = { ...nothing, started, signalled: [...exited, ...matched], skipped }
  if (once !== null && (started.length > 0 || answer.signalled.length > 0 || skipped.length > 0)) {
    await recordAnswer(tx, once, answer)
  }
  return { ...answer, duplicate: false }
}

/** The event counts from here on; and what it may concern, in one go. */
async function readConcerned(tx: Db, event: StoredEvent, contact: ContactRow) {
  const [, runs, waits, journeys] = await Promise.all([
    count.all(tx, { contact: contact.id, seq: event.seq }),
    exitableRuns.all(tx, { contact: contact.id, name: event.name }),
    concernedWaits.all(tx, { contact: contact.id, name: event.name, delivery: event.deliveryId }),
    enterableJourneys.all(tx, { name: event.name }),
  ])
  return { runs, waits, journeys }
}

const insert = insertOf(triggerEvents)

const count = new PreparedQuery<{ contact: string; seq: number | null }, never>(
  sql`update contacts set event_seq = ${given('seq')} where id = ${given('contact')}`,
)

/** Under which id it counts once, and what was said under it; a time of occurrence only where one was said. */
function onceOf(incoming: IncomingEvent): SaidOnce | null {
  const { sender, name, senderEvent, contactId, contactPointId, deliveryId, payload, occurredAt } = incoming
  if (senderEvent === null) return null
  const said = incoming.said ?? {
    contact: contactId,
    contactPoint: contactPointId ?? null,
    delivery: deliveryId ?? null,
    payload,
    occurredAt: occurredAt ?? null,
  }
  return { sender, name, id: senderEvent, said }
}

/**
 * Takes one event that concerns a contact: stores it, ends the runs it exits, settles the waits it matches, starts the runs it
 * begins, and writes what Temporal must hear into the outbox. All in one transaction; after its commit the event can be
 * neither lost nor counted again.
 *
 * Locks: the contact row, then the rows of the runs it ends or wakes. The same (sender, name, id) again answers what the first one did; with another content it is a conflict.
 */

import { sql } from 'drizzle-orm'
import { clockQuery } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { pipelined } from '../../db/pipelined.ts'
import { given, insertOf, PreparedQuery } from '../../db/preparedQuery.ts'
import { type EventClass, type StoredEvent, triggerEvents } from '../../db/schema/triggers.ts'
import { failpoint } from '../../failpoints.ts'
import { countSkippedEntry, countTrigger } from '../../telemetry/journeys.ts'
import type { Deps } from '../deps.ts'
import { contactLock, runLocks } from '../locks.ts'
import { committing, whenCommitted } from '../outcomes.ts'
import { lazyBindings } from '../runs/bindings.ts'
import { enterableJourneys, enterJourneys } from './enterJourneys.ts'
import { exitableRuns, exitRuns, exitsOfEvent } from './exitRuns.ts'
import { concernedWaits, matchesOfEvent, matchWaits } from './matchWaits.ts'
import { type Answered, claimTriggerId, recordAnswer, type SaidOnce, takeOnce } from './triggerIds.ts'

export type IncomingEvent = {
  name: string
  /** Who says so: an API key's id, or `assent` for our own surfaces. */
  sender: string
  /** The sender's id of what happened; null: it gave none, and every time counts. */
  senderEvent: string | null
  /** JSON: what the sender posted under that id, if that differs from this event. */
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
  const [contact, now] = await pipelined(tx, [
    incoming.contactId === null ? null : contactLock(incoming.contactId),
    clockQuery,
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
  const taking = [once === null ? null : claimTriggerId(once, nothing, now), insert.with(event)] as const
  if (contact === null || seq === null) {
    await pipelined(tx, taking)
    return { ...nothing, duplicate: false }
  }
  const { name, deliveryId: delivery } = event
  // Pipelined: the event counts from here on, and all that it may concern is read.
  const [, , , runs, waits, journeys] = await pipelined(tx, [
    ...taking,
    count.with({ contact: contact.id, seq }),
    exitableRuns.with({ contact: contact.id, name }),
    concernedWaits.with({ contact: contact.id, name, delivery }),
    enterableJourneys.with({ name }),
  ])

  const happening = { deps, tx, event: { ...event, seq }, contact, bindings: lazyBindings(tx, contact, now) }
  const exiting = await exitsOfEvent(happening, runs)
  // A run that has ended waits for nothing.
  const open = waits.filter(({ run }) => !exiting.includes(run))
  const matches = await matchesOfEvent(happening, open)
  if (exiting.length > 0 && matches.length > 0) {
    // Both change runs. All of them are locked at once, in the order of their ids.
    await runLocks(tx, [...exiting, ...matches.map(({ run }) => run)])?.run(tx)
  }
  const exited = await exitRuns(happening, exiting)
  const matched = await matchWaits(happening, matches)
  const { started, skipped } =
    incoming.starts === false ? { started: [], skipped: [] } : await enterJourneys(happening, journeys)
  whenCommitted(deps, () => {
    for (const { code } of skipped) countSkippedEntry(code)
  })
  const answer = { ...nothing, started, signalled: [...exited, ...matched], skipped }
  if (once !== null && (started.length > 0 || answer.signalled.length > 0 || skipped.length > 0)) {
    await recordAnswer(tx, once, answer)
  }
  return { ...answer, duplicate: false }
}

const insert = insertOf(triggerEvents)

const count = new PreparedQuery<{ contact: string; seq: number }, never>(
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

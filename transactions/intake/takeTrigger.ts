/**
 * Takes one event that concerns a contact: stores it, ends the runs it exits, settles the waits it matches, starts the runs it
 * begins, and writes what Temporal must hear into the outbox. All in one transaction; after its commit the event can be
 * neither lost nor counted again.
 *
 * Locks: the contact row. The same (sender, name, id) again answers what the first one did; with another content it is a conflict.
 */
import { and, eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import {
  type EventClass,
  type SkippedEntry,
  type StoredEvent,
  triggerEvents,
} from '../../db/schema/triggers.ts'
import { build, given, insertNewOf, rowsOf, Statement } from '../../db/statement.ts'
import { canonicalBytes } from '../../domain/ledger/canonical.ts'
import { sha256 } from '../../domain/ledger/chain.ts'
import { Refusal } from '../../domain/refusal.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { type ContactRow, lockContact } from '../locks.ts'
import { lazyBindings } from './bindings.ts'
import { enterableJourneys, enterJourneys } from './enterJourneys.ts'
import { exitableRuns, exitRuns } from './exitRuns.ts'
import { concernedWaits, matchWaits } from './matchWaits.ts'

export type IncomingEvent = {
  name: string
  /** Who says so: an API key's id, or `assent` for our own surfaces. */
  sender: string
  /** The sender's id of what happened. */
  senderEvent: string
  /** Null: it concerns a contact point that no contact has. Stored, and nothing can follow. */
  contactId: string | null
  contactPointId?: string | null
  deliveryId?: string | null
  class?: EventClass | null
  payload: Record<string, unknown>
  /** RFC 3339; left out: now. */
  occurredAt?: string | null
}

export type TakenEvent = {
  event: string
  started: string[]
  signalled: string[]
  /** Journeys it would have entered, but for the contact's open runs there. */
  skipped: SkippedEntry[]
  duplicate: boolean
}

export async function takeTrigger(house: House, incoming: IncomingEvent): Promise<TakenEvent> {
  await point('trigger:before-lock')
  return house.db.transaction((tx) => takeTriggerIn(house, tx, incoming))
}

/** As `takeTrigger`, inside a transaction of the caller's, who holds no lock later than the contact's. */
export async function takeTriggerIn(house: House, tx: Db, incoming: IncomingEvent): Promise<TakenEvent> {
  // Asked together they travel together, in this order: the clock is read after the lock.
  const [contact, known, now] = await Promise.all([
    incoming.contactId === null ? null : lockContact(tx, incoming.contactId),
    eventOfSender.first(tx, incoming),
    databaseNow(tx),
  ])
  await point('trigger:locked')
  const fingerprint = fingerprintOf(incoming)
  if (known !== undefined) return answerAgain(known, fingerprint)

  const seq = contact === null ? null : contact.eventSeq + 1
  const event: StoredEvent = {
    id: newId(),
    name: incoming.name,
    sender: incoming.sender,
    senderEvent: incoming.senderEvent,
    fingerprint,
    contactId: incoming.contactId,
    seq,
    contactPointId: incoming.contactPointId ?? null,
    deliveryId: incoming.deliveryId ?? null,
    class: incoming.class ?? null,
    payload: incoming.payload,
    occurredAt: incoming.occurredAt ?? now,
    recordedAt: now,
    started: [],
    signalled: [],
    skipped: [],
  }
  const [inserted, concerned] = await Promise.all([
    insert.all(tx, event),
    contact === null ? null : readConcerned(tx, event, contact),
  ])
  if (inserted.length === 0) {
    // Somebody took the same id for another contact between our look and our insert: then the contents differ.
    const first = await eventOfSender.first(tx, incoming)
    if (first === undefined) throw new Error('an event vanished while it was taken')
    return answerAgain(first, fingerprint)
  }
  if (contact === null || concerned === null || seq === null)
    return { event: event.id, started: [], signalled: [], skipped: [], duplicate: false }

  const happening = { house, tx, event: { ...event, seq }, contact, bindings: lazyBindings(tx, contact, now) }
  const exited = await exitRuns(happening, concerned.runs)
  // Whoever was ended waits for nothing any more.
  const open = concerned.waits.filter(({ run }) => !exited.includes(run))
  const matched = await matchWaits(happening, open)
  const { started, skipped } = await enterJourneys(happening, concerned.journeys)
  const signalled = [...exited, ...matched]
  if (started.length > 0 || signalled.length > 0 || skipped.length > 0) {
    await tx.update(triggerEvents).set({ started, signalled, skipped }).where(eq(triggerEvents.id, event.id))
  }
  return { event: event.id, started, signalled, skipped, duplicate: false }
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

const eventOfSender = rowsOf<{ sender: string; name: string; senderEvent: string }>()(
  triggerEvents,
  build
    .select()
    .from(triggerEvents)
    .where(
      and(
        eq(triggerEvents.sender, given('sender')),
        eq(triggerEvents.name, given('name')),
        eq(triggerEvents.senderEvent, given('senderEvent')),
      ),
    ),
)

const insert = insertNewOf(triggerEvents)

const count = new Statement<{ contact: string; seq: number | null }, never>(
  sql`update contacts set event_seq = ${given('seq')} where id = ${given('contact')}`,
)

function answerAgain(known: StoredEvent, fingerprint: Uint8Array): TakenEvent {
  if (Buffer.compare(known.fingerprint, fingerprint) !== 0) {
    throw new Refusal(
      'conflict',
      'this id was already used for a trigger of that name with another content',
      {
        errors: [{ pointer: '/id', message: 'was already used with another content' }],
      },
    )
  }
  return {
    event: known.id,
    started: known.started,
    signalled: known.signalled,
    skipped: known.skipped,
    duplicate: true,
  }
}

/** What the sender said; a time of occurrence counts only where it was said. */
function fingerprintOf(incoming: IncomingEvent): Uint8Array {
  return sha256(
    canonicalBytes({
      contact: incoming.contactId,
      contactPoint: incoming.contactPointId ?? null,
      delivery: incoming.deliveryId ?? null,
      payload: incoming.payload,
      occurredAt: incoming.occurredAt ?? null,
    }),
  )
}

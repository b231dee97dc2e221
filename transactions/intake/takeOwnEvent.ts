/**
 * Takes one of our own events from the outbox. An event of a contact point concerns every contact that has it: the event settles their
 * waits and ends their runs. But only one of these contacts enters journeys by it: the contact whose message or request caused the event,
 * or else the oldest contact. So an address that three contacts share gets one welcome mail.
 *
 * The event of that contact has the plain event id; those of the others also contain the contact's id. So a repetition, after a crash or
 * after the address has moved, finds the contact that entered and starts nothing more.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { contactsOfPoint } from '../../db/reads/contactPoint.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { triggerEvents } from '../../db/schema/triggers.ts'
import type { Deps } from '../deps.ts'
import type { OutboxTrigger } from '../outbox.ts'
import { type IncomingEvent, takeTrigger } from './takeTrigger.ts'
import { eventOfId } from './triggerIds.ts'

const sender = 'assent'

/** Every contact's part is a transaction of its own: no contact's lock is taken while another's is held. */
export async function takeOwnEvent(deps: Deps, trigger: OutboxTrigger): Promise<void> {
  const event: Omit<IncomingEvent, 'senderEvent' | 'contactId'> = {
    name: trigger.name,
    sender,
    contactPointId: trigger.contactPoint,
    deliveryId: trigger.delivery,
    payload: trigger.payload,
    occurredAt: trigger.occurredAt,
    depth: trigger.depth ?? 0,
  }
  const { contact, contactPoint, senderEvent } = trigger
  const ofContact = (contactId: string) => ({
    ...event,
    contactId,
    senderEvent: `${senderEvent}:${contactId}`,
  })
  if (contact !== null || contactPoint === null) {
    await take(deps, contact === null ? { ...event, contactId: null, senderEvent } : ofContact(contact))
    return
  }
  // Oldest first: ids are in the order of time.
  const concerned = await contactsOfPoint(deps.db, contactPoint)
  let entering = await contactThatEntered(deps.db, trigger)
  if (entering === undefined) {
    entering = (await actingContact(deps.db, trigger, concerned)) ?? concerned[0] ?? null
    await take(deps, { ...event, contactId: entering, senderEvent })
  }
  for (const contactId of concerned.filter((one) => one !== entering)) {
    await take(deps, { ...ofContact(contactId), starts: false })
  }
}

/** There is no caller to answer, so the log says which journeys the event did not start, and why. */
async function take(deps: Deps, incoming: IncomingEvent): Promise<void> {
  const { event, skipped } = await takeTrigger(deps, incoming)
  if (skipped.length === 0) return
  deps.log.warn(
    { event, trigger: incoming.name, skipped },
    'An event did not start these journeys, for the reason in skipped.',
  )
}

/** The contact that entered before; null: the event concerned no contact; undefined: not taken yet, or no longer stored. */
async function contactThatEntered(
  db: Db,
  { name, senderEvent }: OutboxTrigger,
): Promise<string | null | undefined> {
  const event = await eventOfId(db, { sender, name, id: senderEvent })
  if (event === null) return undefined
  const [taken] = await db
    .select({ contactId: triggerEvents.contactId })
    .from(triggerEvents)
    .where(eq(triggerEvents.id, event))
  // The id outlives the event (domain/retention.ts): it is taken under its id again, which then counts nothing twice.
  return taken === undefined ? undefined : taken.contactId
}

/** Whose message led to it, or who asked for the double opt-in that it comes of. */
async function actingContact(
  db: Db,
  { delivery, doubleOptIn = null }: OutboxTrigger,
  concerned: readonly string[],
): Promise<string | null> {
  if (concerned.length < 2) return null
  const [sent] =
    delivery === null
      ? []
      : await db
          .select({ contactId: deliveries.contactId })
          .from(deliveries)
          .where(eq(deliveries.id, delivery))
  const [asked] =
    doubleOptIn === null
      ? []
      : await db
          .select({ contactId: doubleOptIns.contactId })
          .from(doubleOptIns)
          .where(eq(doubleOptIns.id, doubleOptIn))
  const acting = [sent, asked].map((row) => row?.contactId ?? null)
  return concerned.find((contact) => acting.includes(contact)) ?? null
}

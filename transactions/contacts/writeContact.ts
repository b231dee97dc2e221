/**
 * Creates or changes a contact, and raises business triggers for what changed. The triggers are taken in their own transactions.
 *
 * Locks: the contact row, then contact points in id order.
 */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { readContactBinding } from '../../db/reads/bindings.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { invalid } from '../../domain/refusal.ts'
import type { ContactInput } from '../../domain/shapes/contact.ts'
import { failpoint } from '../../failpoints.ts'
import type { Deps } from '../deps.ts'
import { insertContact, type LockedContact, type LockedIdentity, lockContact } from '../locks.ts'
import { type OutboxTrigger, putInOutbox } from '../outbox.ts'
import { moveAddresses, normalisedAddresses } from './addresses.ts'
import { changesOf, type Raised } from './changes.ts'

/** Characters of a contact's attributes as JSON: as many as one request can bring. */
const mostAttributes = 1_000_000

/** @returns the id of the new contact. @throws Refusal invalid */
export async function createContact(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  externalId: string,
  input: ContactInput,
): Promise<string> {
  const id = newId()
  await failpoint('contact:before-insert')
  const contact = await insertContact(tx, { id, externalId, ...fieldsOf(input) })
  await moveAddresses(tx, deps, identity, contact, identity.addresses)
  await raise(tx, contact, [{ name: `${input.kind}.created`, payload: {} }])
  return id
}

/** The current contact, before a change. */
export type Present = { row: LockedContact; input: ContactInput }

/**
 * Changes an existing contact. Writes nothing if nothing changes.
 * @param change returns the new contact; may throw a Refusal
 * @param depth length of the chain of runs that led to the change
 * @throws Refusal not-found; invalid
 */
export async function changeContact(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  id: string,
  change: (present: Present) => ContactInput | Promise<ContactInput>,
  depth = 0,
): Promise<void> {
  const row = await lockContact(tx, id)
  const input = await change({ row, input: await inputOf(tx, row) })
  const fields = fieldsOf(input)
  const moved = await moveAddresses(tx, deps, identity, row, normalisedAddresses(input))
  const raised = changesOf(row, fields, moved)
  if (raised.length === 0 && moved.length === 0) return
  const updatedAt = await databaseNow(tx)
  await tx
    .update(contacts)
    .set({ ...fields, updatedAt })
    .where(eq(contacts.id, id))
  await raise(tx, row, raised, depth)
}

/** Whether two inputs describe the same contact. */
export function isSameContact(left: ContactInput, right: ContactInput): boolean {
  const [before, after] = [fieldsOf(left), fieldsOf(right)]
  const [from, to] = [normalisedAddresses(left), normalisedAddresses(right)]
  const moved = [...new Set([...from.keys(), ...to.keys()])]
    .filter((channel) => from.get(channel) !== to.get(channel))
    .map((channel) => ({ channel }))
  return moved.length === 0 && changesOf(before, after, moved).length === 0
}

function fieldsOf(input: ContactInput) {
  if (JSON.stringify(input.attributes).length > mostAttributes) {
    throw invalid(
      '/attributes',
      'contact-too-large',
      'The attributes of the contact would have more than 1 MB. Remove what is not needed.',
    )
  }
  return {
    kind: input.kind,
    account: input.account ?? null,
    attributes: input.attributes,
    postalAddress: input.postalAddress ?? null,
    locale: input.locale ?? null,
    timeZone: input.timeZone ?? null,
  }
}

/** The contact in the form of a PUT. */
async function inputOf(tx: Db, row: LockedContact): Promise<ContactInput> {
  const { externalId, addresses, ...contact } = await readContactBinding(tx, row)
  const { email, sms, ...further } = addresses
  return { ...contact, email, phone: sms, addresses: further }
}

/** Writes triggers to the outbox; the intake takes them in their own transactions. */
async function raise(tx: Db, contact: LockedContact, raised: readonly Raised[], depth = 0): Promise<void> {
  const occurredAt = await databaseNow(tx)
  for (const { name, payload } of raised) {
    const trigger: OutboxTrigger = {
      name,
      senderEvent: newId(),
      contactPoint: null,
      contact: contact.id,
      delivery: null,
      payload,
      occurredAt,
      depth,
    }
    await putInOutbox(tx, { stream: `contact:${contact.id}`, kind: 'trigger', body: trigger })
  }
}

/**
 * Writes a contact: creates a new one, or changes one that is known, and raises what changed as business triggers, which are taken
 * in transactions of their own.
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

/** What a change is made of: the contact as it is. */
export type Present = { row: LockedContact; input: ContactInput }

/**
 * Changes a contact that is known. A change that changes nothing writes nothing.
 * @param change gives the contact as it shall be; may refuse
 * @param depth how many runs led to the change
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

/** Whether two ways to put a contact mean the same. */
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

/** The contact as it would have to be put. */
async function inputOf(tx: Db, row: LockedContact): Promise<ContactInput> {
  const { externalId, addresses, ...contact } = await readContactBinding(tx, row)
  const { email, sms, ...further } = addresses
  return { ...contact, email, phone: sms, addresses: further }
}

/** Into the outbox: intake takes them in transactions of their own. */
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

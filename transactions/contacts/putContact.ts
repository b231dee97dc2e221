/**
 * Creates or replaces a contact, and raises what changed as business triggers. When an address changes, opt-outs go along to
 * the new one, each as an event of its own; opt-ins never do. An address that was taken away is remembered for that: a CRM that
 * empties the field first and fills it later must not make a person reachable who said no.
 *
 * Locks: the contact row, then the contact points concerned, in id order.
 */
import { and, eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { findOrCreateContactPoint } from '../../db/reads/contactPoint.ts'
import { contactAddresses, contacts, formerAddresses } from '../../db/schema/contacts.ts'
import { normaliseAddress } from '../../domain/messages/normalise.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import type { ContactInput } from '../../domain/shapes/contact.ts'
import { lockKey } from '../definitions/nextVersion.ts'
import { type House, requireChannel } from '../house.ts'
import { type ContactRow, lockContact } from '../locks.ts'
import { type OutboxTrigger, putInOutbox } from '../outbox.ts'
import { adoptNewcomer } from './adoptNewcomer.ts'
import { changesOf, type Raised } from './changes.ts'
import { copyOptOuts } from './copyOptOuts.ts'

/** @throws Refusal invalid for an address that is none; `unknown-channel` for a channel that does not exist */
export async function putContact(
  house: House,
  externalId: string,
  input: ContactInput,
): Promise<{ id: string; created: boolean }> {
  const wanted = normalisedAddresses(input)
  return house.db.transaction((tx) => putContactIn(tx, house, externalId, input, wanted))
}

/** As `putContact`, inside a transaction of the caller's, who holds no lock. */
export async function putContactIn(
  tx: Db,
  house: House,
  externalId: string,
  input: ContactInput,
  wanted: Map<string, string>,
): Promise<{ id: string; created: boolean }> {
  for (const channel of wanted.keys()) requireChannel(house, channel, `/addresses/${channel}`)
  // Two first PUTs of one contact must not make two.
  await lockKey(tx, 'contact', externalId)
  const [known] = await tx
    .select({ id: contacts.id })
    .from(contacts)
    .where(eq(contacts.externalId, externalId))
  const familiar = known?.id ?? (await adoptNewcomer(tx, externalId, wanted))
  const id = familiar ?? newId()
  const fields = {
    kind: input.kind,
    account: input.account ?? null,
    attributes: input.attributes,
    postalAddress: input.postalAddress ?? null,
    locale: input.locale ?? null,
    timeZone: input.timeZone ?? null,
  }
  if (familiar === null) await tx.insert(contacts).values({ id, externalId, ...fields })
  const before = await lockContact(tx, id)
  const now = await databaseNow(tx)
  if (familiar !== null)
    await tx
      .update(contacts)
      .set({ ...fields, updatedAt: now })
      .where(eq(contacts.id, id))
  const moved = await moveAddresses(tx, house, id, wanted)
  const raised = familiar === null ? [createdTrigger(input.kind)] : changesOf(before, fields, moved)
  await raise(tx, before, raised, now)
  return { id, created: known === undefined }
}

/** Addresses of one contact beside its e-mail address and phone number: a change locks and copies for each of them. */
export const mostAddresses = 20

/** The contact's address on each channel, normalised. @throws Refusal invalid */
export function normalisedAddresses(input: ContactInput): Map<string, string> {
  const given: [channel: string, address: string | undefined, pointer: string][] = [
    ['email', input.email, '/email'],
    ['sms', input.phone, '/phone'],
    ...Object.entries(input.addresses ?? {}).map(([channel, address]): [string, string, string] => [
      channel,
      address,
      `/addresses/${channel}`,
    ]),
  ]
  if (given.length > mostAddresses + 2) {
    const message = `a contact has at most ${mostAddresses} addresses on further channels`
    throw invalid('/addresses', message, 'too-many-addresses')
  }
  const wanted = new Map<string, string>()
  const errors = []
  for (const [channel, address, pointer] of given) {
    if (address === undefined) continue
    const normalised = normaliseAddress(channel, address)
    if (normalised.ok) wanted.set(channel, normalised.address)
    else errors.push({ pointer, message: normalised.message })
  }
  const [first] = errors
  if (errors.length === 1 && first !== undefined) throw invalid(first.pointer, first.message)
  if (errors.length > 0) throw new Refusal('invalid', 'some addresses are none', { errors })
  return wanted
}

/** @returns the channels whose address changed, with old and new contact point */
async function moveAddresses(
  tx: Db,
  house: House,
  contactId: string,
  wanted: Map<string, string>,
): Promise<{ channel: string; from: string | null; to: string | null }[]> {
  const current = await tx.select().from(contactAddresses).where(eq(contactAddresses.contactId, contactId))
  const moved = []
  const pairs = []
  // In one order, whoever does it: two that make the same contact points must not wait for each other.
  for (const channel of [...new Set([...current.map((row) => row.channel), ...wanted.keys()])].toSorted()) {
    const address = wanted.get(channel)
    const from = current.find((row) => row.channel === channel)?.contactPointId ?? null
    const to = address === undefined ? null : await findOrCreateContactPoint(tx, channel, address)
    if (from === to) continue
    moved.push({ channel, from, to })
    await tx
      .delete(contactAddresses)
      .where(and(eq(contactAddresses.contactId, contactId), eq(contactAddresses.channel, channel)))
    if (to === null) {
      if (from !== null) await remember(tx, contactId, channel, from)
      continue
    }
    await tx.insert(contactAddresses).values({ contactId, channel, contactPointId: to })
    const last = from ?? (await takeFormer(tx, contactId, channel))
    if (last !== null && last !== to) pairs.push({ from: last, to })
  }
  await copyOptOuts(tx, house, pairs)
  return moved
}

async function remember(tx: Db, contactId: string, channel: string, contactPointId: string): Promise<void> {
  await tx
    .insert(formerAddresses)
    .values({ contactId, channel, contactPointId })
    .onConflictDoUpdate({
      target: [formerAddresses.contactId, formerAddresses.channel],
      set: { contactPointId, until: sql`excluded.until` },
    })
}

/** The contact point that was taken away last on this channel; from now on there is another. */
async function takeFormer(tx: Db, contactId: string, channel: string): Promise<string | null> {
  const [former] = await tx
    .delete(formerAddresses)
    .where(and(eq(formerAddresses.contactId, contactId), eq(formerAddresses.channel, channel)))
    .returning({ contactPointId: formerAddresses.contactPointId })
  return former?.contactPointId ?? null
}

function createdTrigger(kind: 'contact' | 'lead'): Raised {
  return { name: `${kind}.created`, payload: {} }
}

/** Into the outbox: intake takes them in transactions of their own. */
async function raise(tx: Db, contact: ContactRow, raised: readonly Raised[], now: string): Promise<void> {
  for (const { name, payload } of raised) {
    const trigger: OutboxTrigger = {
      name,
      senderEvent: newId(),
      contactPoint: null,
      contact: contact.id,
      delivery: null,
      payload,
      occurredAt: now,
    }
    await putInOutbox(tx, { stream: `contact:${contact.id}`, kind: 'trigger', body: trigger })
  }
}

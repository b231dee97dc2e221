/** The addresses of a contact: reads them from a request, and assigns them to a contact. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { findOrCreateContactPoint } from '../../db/reads/contactPoint.ts'
import { contactAddresses, formerAddresses } from '../../db/schema/contacts.ts'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { type FieldError, invalid, invalidFields } from '../../domain/refusal.ts'
import { type Deps, requireChannel } from '../deps.ts'
import { coversAddress, type LockedContact, type LockedIdentity, requireLock } from '../locks.ts'
import { copyOptOuts } from './copyOptOuts.ts'

/** Addresses of one contact beside its e-mail address and phone number: a change locks and copies for each of them. */
const mostAddresses = 20

/** Addresses in a request; null or absent: no address. */
export type GivenAddresses = {
  email?: string | null | undefined
  phone?: string | null | undefined
  addresses?: Readonly<Record<string, string | null>> | null | undefined
}

/**
 * The normalised address on each channel of a request.
 * @param prefix JSON pointer to the addresses in the request
 * @throws Refusal `invalid-address`, naming each; `unknown-channel`; `too-many-addresses`
 */
export function givenAddresses(deps: Deps, given: GivenAddresses, prefix = ''): Map<string, string> {
  const wanted = normalisedAddresses(given, prefix)
  for (const channel of wanted.keys()) requireChannel(deps, channel, `${prefix}/addresses/${channel}`)
  return wanted
}

/** As `givenAddresses`, for a contact as a whole: what it has had before needs no channel today. */
export function normalisedAddresses(given: GivenAddresses, prefix = ''): Map<string, string> {
  // If these two are also in `addresses`, the shape has checked that they are equal.
  const further = Object.entries(given.addresses ?? {}).filter(
    ([channel, address]) => address !== null && channel !== 'email' && channel !== 'sms',
  )
  if (further.length > mostAddresses) {
    throw invalid(
      `${prefix}/addresses`,
      'too-many-addresses',
      `A contact can have ${mostAddresses} addresses beside email and phone. Send fewer.`,
    )
  }
  const named: [channel: string, address: string | null | undefined, pointer: string][] = [
    ['email', given.email, `${prefix}/email`],
    ['sms', given.phone, `${prefix}/phone`],
    ...further.map(([channel, address]): [string, string | null, string] => [
      channel,
      address,
      `${prefix}/addresses/${channel}`,
    ]),
  ]
  const wanted = new Map<string, string>()
  const errors: FieldError[] = []
  for (const [channel, address, pointer] of named) {
    if (address === undefined || address === null) continue
    const normalised = normaliseAddress(channel, address)
    if (normalised.ok) wanted.set(channel, normalised.address)
    else errors.push({ pointer, code: 'invalid-address', message: normalised.message })
  }
  if (errors.length > 0) throw invalidFields(errors, 'the contact')
  return wanted
}

/** A channel whose address changed, with the contact point before and after. */
export type Moved = { channel: string; from: string | null; to: string | null }

/**
 * Gives the contact exactly these addresses. Opt-outs are copied to a new address, each as an event; opt-ins are not. A removed address is
 * remembered for that: if a CRM empties the field first and fills it later, a person who opted out must not become reachable.
 *
 * Locks: the contact points, in id order.
 */
export async function moveAddresses(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  contact: LockedContact,
  wanted: ReadonlyMap<string, string>,
): Promise<Moved[]> {
  requireLock(tx, contact)
  const contactId = contact.id
  const current = await tx.select().from(contactAddresses).where(eq(contactAddresses.contactId, contactId))
  const moved: Moved[] = []
  const pairs = []
  // Always in the same order, so that two transactions that create the same contact points cannot deadlock.
  for (const channel of [...new Set([...current.map((row) => row.channel), ...wanted.keys()])].toSorted()) {
    const address = wanted.get(channel)
    const from = current.find((row) => row.channel === channel)?.contactPointId ?? null
    const to = address === undefined ? null : await findOrCreateContactPoint(tx, channel, address)
    if (from === to) continue
    if (address !== undefined && !coversAddress(tx, identity, channel, address)) {
      throw new Error('a contact is given an address that was not locked')
    }
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
  await copyOptOuts(tx, deps, pairs)
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

/** Returns and forgets the contact point that was last removed on this channel, because a new one replaces it. */
async function takeFormer(tx: Db, contactId: string, channel: string): Promise<string | null> {
  const [former] = await tx
    .delete(formerAddresses)
    .where(and(eq(formerAddresses.contactId, contactId), eq(formerAddresses.channel, channel)))
    .returning({ contactPointId: formerAddresses.contactPointId })
  return former?.contactPointId ?? null
}

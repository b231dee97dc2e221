/**
 * Creates or replaces a contact, or merges changes into one.
 *
 * Locks: what the contact is known by and the addresses it is given, the contact row, then contact points in id order.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { consentsOf } from '../../db/reads/contactConsents.ts'
import { contacts } from '../../db/schema/contacts.ts'
import { mergePatch } from '../../domain/mergePatch.ts'
import { refuseReadBack } from '../../domain/readBack.ts'
import { notFound } from '../../domain/refusal.ts'
import {
  type ContactInput,
  type ContactPatch,
  type ContactReadBack,
  contactShape,
} from '../../domain/shapes/contact.ts'
import { read } from '../../domain/shapes/read.ts'
import type { Deps } from '../deps.ts'
import { type LockedIdentity, lockIdentity } from '../locks.ts'
import { givenAddresses } from './addresses.ts'
import { adoptNewcomer } from './adoptNewcomer.ts'
import { changeContact, createContact, isSameContact, type Present } from './writeContact.ts'

export type PutContact = {
  id: string
  created: boolean
  /** True if the contact was created without any address. */
  withoutAddress: boolean
}

/**
 * @param readBack read-only members from a `GET` that the caller sent back
 * @throws Refusal invalid for a bad address (`unknown-channel`, `too-many-addresses`), or for read-only members that differ (`read-only`)
 */
export async function putContact(
  deps: Deps,
  externalId: string,
  input: ContactInput,
  readBack: ContactReadBack = {},
): Promise<PutContact> {
  const addresses = givenAddresses(deps, input)
  return deps.db.transaction(async (tx) => {
    const identity = await lockIdentity(tx, { externalId, addresses })
    const known = await findContact(tx, externalId)
    const familiar = known ?? (await adoptNewcomer(tx, externalId, addresses))
    if (familiar === null) {
      refuseReadBack(membersOf(readBack, { externalId }, []), false)
      const id = await createContact(tx, deps, identity, externalId, input)
      return { id, created: true, withoutAddress: addresses.size === 0 }
    }
    await changeContact(tx, deps, identity, familiar, async (present) => {
      await refuseOther(tx, present, input, readBack)
      return input
    })
    return { id: familiar, created: known === null, withoutAddress: false }
  })
}

/**
 * Merges changes into a contact (RFC 7396).
 * @throws Refusal not-found, else as `putContact`
 */
export async function patchContact(
  deps: Deps,
  externalId: string,
  patch: ContactPatch,
  readBack: ContactReadBack = {},
): Promise<{ id: string }> {
  const addresses = givenAddresses(deps, patch)
  return deps.db.transaction(async (tx) => {
    const identity = await lockIdentity(tx, { externalId, addresses })
    const id = await findContact(tx, externalId)
    if (id === null) throw notFound('contact', externalId)
    await patchContactIn(tx, deps, identity, id, patch, { readBack })
    return { id }
  })
}

/**
 * As `patchContact`, in the caller's transaction, which holds `identity` and no lock later than the contact's and its runs'.
 * @param about.depth length of the chain of runs that led to the change
 */
export async function patchContactIn(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  id: string,
  patch: ContactPatch,
  { readBack = {}, depth = 0 }: { readBack?: ContactReadBack; depth?: number } = {},
): Promise<void> {
  const change = async (present: Present) => {
    const input = read(contactShape, mergePatch(present.input, patch), 'the contact')
    await refuseOther(tx, present, input, readBack)
    return input
  }
  await changeContact(tx, deps, identity, id, change, depth)
}

async function findContact(tx: Db, externalId: string): Promise<string | null> {
  const [row] = await tx.select({ id: contacts.id }).from(contacts).where(eq(contacts.externalId, externalId))
  return row?.id ?? null
}

async function refuseOther(
  tx: Db,
  { row, input: present }: Present,
  wanted: ContactInput,
  readBack: ContactReadBack,
): Promise<void> {
  if (Object.values(readBack).every((said) => said === undefined)) return
  const consents = readBack.consents === undefined ? [] : await consentsOf(tx, row.id)
  refuseReadBack(membersOf(readBack, row, consents), isSameContact(present, wanted))
}

function membersOf(
  said: ContactReadBack,
  stored: { id?: string; externalId: string | null; createdAt?: string; updatedAt?: string },
  consents: readonly unknown[],
) {
  return [
    { pointer: '/id', said: said.id, stored: stored.id, kind: 'name' as const },
    { pointer: '/externalId', said: said.externalId, stored: stored.externalId, kind: 'name' as const },
    { pointer: '/createdAt', said: said.createdAt, stored: stored.createdAt, kind: 'name' as const },
    { pointer: '/updatedAt', said: said.updatedAt, stored: stored.updatedAt, kind: 'state' as const },
    { pointer: '/consents', said: said.consents, stored: consents, kind: 'part' as const },
  ]
}

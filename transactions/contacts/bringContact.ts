/**
 * Finds or creates the contact of a trigger, and applies the trigger's fields to it as a `PATCH` would. If two triggers arrive at once, the
 * second finds the contact that the first created.
 *
 * Locks: the identity, the contact row; then, if an address changes, its open runs (because the caller may end runs later) and the contact
 * points.
 */
import type { Db } from '../../db/connect.ts'
import { mergePatch } from '../../domain/mergePatch.ts'
import { invalidFields, Refusal } from '../../domain/refusal.ts'
import { type ContactPatch, contactShape, type TriggerContact } from '../../domain/shapes/contact.ts'
import type { ContactReference } from '../../domain/shapes/primitives.ts'
import { read } from '../../domain/shapes/read.ts'
import type { Deps } from '../deps.ts'
import { lockContact, lockIdentity, lockOpenRuns } from '../locks.ts'
import { givenAddresses } from './addresses.ts'
import { adoptNewcomer, newcomerId } from './adoptNewcomer.ts'
import { patchContactIn } from './putContact.ts'
import { resolveContact } from './resolveContact.ts'
import { createContact } from './writeContact.ts'

/** Splits a trigger's contact. @returns `reference`: identifies the contact; `patch`: the fields to change */
export function splitContact(contact: TriggerContact): { reference: ContactReference; patch: ContactPatch } {
  const { externalId, ...patch } = contact
  if (externalId !== undefined) return { reference: { externalId }, patch }
  const { email, phone, ...rest } = patch
  if (typeof email === 'string') {
    return { reference: { email }, patch: phone === undefined ? rest : { ...rest, phone } }
  }
  return {
    reference: { phone: phone ?? undefined },
    patch: email === undefined ? rest : { ...rest, email },
  }
}

export type BroughtContact = {
  id: string
  /** The external id, if the contact was created. */
  created: string | null
  /** True if the contact was created without any address. */
  withoutAddress: boolean
}

/** @throws Refusal invalid, with pointers below `/contact`; conflict where several contacts share the address */
export async function bringContact(tx: Db, deps: Deps, contact: TriggerContact): Promise<BroughtContact> {
  const { reference, patch } = splitContact(contact)
  const { externalId } = reference
  const addresses = givenAddresses(deps, contact, '/contact')
  const identity = await lockIdentity(tx, { externalId, addresses })
  const known =
    (await resolveContact(tx, reference)) ??
    (externalId === undefined ? null : await adoptNewcomer(tx, externalId, addresses))
  if (known === null) {
    const created = externalId ?? newcomerId()
    const id = await belowContact(() => {
      const input = read(contactShape, mergePatch({}, { ...patch, ...withoutId(reference) }), 'the contact')
      return createContact(tx, deps, identity, created, input)
    })
    return { id, created, withoutAddress: addresses.size === 0 }
  }
  if (Object.values(patch).some((value) => value !== undefined)) {
    if (changesAddresses(patch)) await lockOpenRuns(tx, await lockContact(tx, known))
    await belowContact(() => patchContactIn(tx, deps, identity, known, patch))
  }
  return { id: known, created: null, withoutAddress: false }
}

function withoutId({ email, phone }: ContactReference): ContactPatch {
  return { ...(email === undefined ? {} : { email }), ...(phone === undefined ? {} : { phone }) }
}

function changesAddresses({ email, phone, addresses }: ContactPatch): boolean {
  return email !== undefined || phone !== undefined || addresses !== undefined
}

/** Errors of the contact, with pointers into the trigger. */
async function belowContact<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== 'invalid') throw error
    const errors = error.errors.map((one) => ({ ...one, pointer: `/contact${one.pointer}` }))
    throw invalidFields(errors, 'the trigger')
  }
}

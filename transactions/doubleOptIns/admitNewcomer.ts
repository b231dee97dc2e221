/**
 * Creates a contact, with only the address, for a person who confirms a double opt-in and is no contact yet: journeys need a contact, so
 * otherwise `double-opt-in.confirmed` could start none. Raises `contact.created`. An unconfirmed request creates no contact, because
 * anyone may have submitted it.
 *
 * Locks: the new contact's row. No other transaction can see it, so it may come after the contact point.
 */
import type { Db } from '../../db/connect.ts'
import { contactsOfPoint } from '../../db/reads/contactPoint.ts'
import { contactShape } from '../../domain/shapes/contact.ts'
import { newcomerId } from '../contacts/adoptNewcomer.ts'
import { createContact } from '../contacts/writeContact.ts'
import type { Deps } from '../deps.ts'
import type { LockedContactPoint, LockedIdentity } from '../locks.ts'

export async function admitNewcomer(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  contactPoint: LockedContactPoint,
): Promise<void> {
  const { id, address } = contactPoint
  if (address === null || (await contactsOfPoint(tx, id)).length > 0) return
  await createContact(tx, deps, identity, newcomerId(), contactShape.parse({}))
}

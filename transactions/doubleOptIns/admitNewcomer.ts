/**
 * Whoever confirms a double opt-in and is no contact yet becomes one, with nothing but that address: journeys run for contacts, and
 * `double-opt-in.confirmed` could start none without. It is `contact.created` for whoever waits for that. An unconfirmed request,
 * which anybody may have typed, makes nobody a contact.
 *
 * Locks: the address and the contact point, held by the caller. The contact is new, so nobody can hold its row and wait for the
 * point.
 */
import type { Db } from '../../db/connect.ts'
import { contactsOfPoint } from '../../db/reads/contactPoint.ts'
import { contactShape } from '../../domain/shapes/contact.ts'
import { newcomerId } from '../contacts/adoptNewcomer.ts'
import { createContact } from '../contacts/writeContact.ts'
import type { Deps } from '../deps.ts'
import type { ContactPointRow, LockedIdentity } from '../locks.ts'

export async function admitNewcomer(
  tx: Db,
  deps: Deps,
  identity: LockedIdentity,
  contactPoint: ContactPointRow,
): Promise<void> {
  const { id, address } = contactPoint
  if (address === null || (await contactsOfPoint(tx, id)).length > 0) return
  await createContact(tx, deps, identity, newcomerId(), contactShape.parse({}))
}

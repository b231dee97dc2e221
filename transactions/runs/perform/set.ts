/**
 * Writes attributes of the run's contact, as a `PATCH` would, and raises `record.changed` where something changed. No address changes,
 * so no later lock is taken.
 */
import { eq } from 'drizzle-orm'
import { triggerEvents } from '../../../db/schema/triggers.ts'
import type { SetStep } from '../../../domain/journey/steps/set.ts'
import { Refusal } from '../../../domain/refusal.ts'
import { patchContactIn } from '../../contacts/putContact.ts'
import { lockContact, lockIdentity } from '../../locks.ts'
import type { Advancing } from '../advancing.ts'
import { lazyBindings } from '../bindings.ts'
import type { Performed } from './index.ts'

export async function setAttributes(
  advancing: Advancing,
  { attributes }: Pick<SetStep, 'attributes'>,
): Promise<Performed> {
  const { deps, tx, contact, now } = advancing
  // It makes no contact known by anything new, and gives it no address.
  const identity = await lockIdentity(tx, { addresses: new Map() })
  try {
    await patchContactIn(tx, deps, identity, contact.id, { attributes }, { depth: await depthOf(advancing) })
  } catch (error) {
    // Refused before anything was written, as for a PATCH. The run continues: a bad attribute must not end it.
    if (error instanceof Refusal && error.kind === 'invalid')
      return { way: null, outcome: 'not-set', reason: error.code }
    throw error
  }
  // What follows in this transaction sees the contact as it is now.
  advancing.contact = await lockContact(tx, contact.id)
  advancing.bindings = lazyBindings(tx, advancing.contact, now)
  return { way: null, outcome: 'set' }
}

/** How many runs led to what this run does, itself included. */
async function depthOf({ tx, run }: Advancing): Promise<number> {
  if (run.entryEvent === null) return 1
  const [entry] = await tx
    .select({ depth: triggerEvents.depth })
    .from(triggerEvents)
    .where(eq(triggerEvents.id, run.entryEvent))
  return (entry?.depth ?? 0) + 1
}

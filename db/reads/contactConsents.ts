/** The consent states of a contact's addresses. */
import { eq, inArray } from 'drizzle-orm'
import { standing, stateAt } from '../../domain/consent/standing.ts'
import type { Standing } from '../../domain/consent/types.ts'
import { databaseNow } from '../clock.ts'
import type { Db } from '../connect.ts'
import { contactAddresses } from '../schema/contacts.ts'
import { consentStates } from '../schema/ledger.ts'

export type ContactConsent = {
  channel: string
  purpose: string
  topic: string | null
  state: Standing['state']
  pending: boolean
  since: string | null
}

/** Every recorded consent state, by channel; an opt-in past its expiry is `none`, as in decisions. */
export async function consentsOf(db: Db, contactId: string): Promise<ContactConsent[]> {
  const points = await db.select().from(contactAddresses).where(eq(contactAddresses.contactId, contactId))
  if (points.length === 0) return []
  const ids = points.map((point) => point.contactPointId)
  const states = await db.select().from(consentStates).where(inArray(consentStates.contactPointId, ids))
  const now = await databaseNow(db)
  return points.flatMap((point) => {
    const entries = states
      .filter((state) => state.contactPointId === point.contactPointId)
      .map((state) => state.entry)
    return entries.map(({ purpose, topic }) => {
      const found = standing({ entries }, purpose, topic)
      const state = stateAt(found, now)
      const since = state === 'none' ? null : found.since
      return { channel: point.channel, purpose, topic, state, pending: found.pending, since }
    })
  })
}

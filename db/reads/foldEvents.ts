/** The columns of a contact point's ledger that the fold needs, in the order of the chain, without the hashed bytes. */
import { asc, eq } from 'drizzle-orm'
import type { FoldEvent } from '../../domain/consent/types.ts'
import { foldEventOfRow } from '../../domain/ledger/project.ts'
import type { Db } from '../connect.ts'
import { consentEvents } from '../schema/ledger.ts'

const columns = {
  id: consentEvents.id,
  seq: consentEvents.seq,
  kind: consentEvents.kind,
  purpose: consentEvents.purpose,
  topic: consentEvents.topic,
  state: consentEvents.state,
  occurredAt: consentEvents.occurredAt,
  recordedAt: consentEvents.recordedAt,
  expiresAt: consentEvents.expiresAt,
  doubleOptIn: consentEvents.doubleOptIn,
  retracts: consentEvents.retracts,
}

/** @throws RangeError for a row with an unknown kind or state */
export async function readFoldEvents(db: Db, contactPointId: string): Promise<FoldEvent[]> {
  const rows = await db
    .select(columns)
    .from(consentEvents)
    .where(eq(consentEvents.contactPointId, contactPointId))
    .orderBy(asc(consentEvents.seq))
  return rows.map(foldEventOfRow)
}

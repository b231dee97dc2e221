/** What the ledger of a contact point folds to, as it is stored beside it. */
import { eq } from 'drizzle-orm'
import type { Standings } from '../../domain/consent/types.ts'
import type { Db } from '../connect.ts'
import { consentStates } from '../schema/ledger.ts'

export async function readStandings(db: Db, contactPointId: string): Promise<Standings> {
  const rows = await db
    .select({ entry: consentStates.entry })
    .from(consentStates)
    .where(eq(consentStates.contactPointId, contactPointId))
  return { entries: rows.map((row) => row.entry) }
}

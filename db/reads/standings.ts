/**
 * Reads the stored consent states of a contact point. If a stored entry cannot be read, the states are folded from the ledger again: a
 * damaged projection must not stop a withdrawal.
 */
import { eq } from 'drizzle-orm'
import { byPurposeThenTopic, fold } from '../../domain/consent/fold.ts'
import { recordedEntry } from '../../domain/consent/recorded.ts'
import type { Standings } from '../../domain/consent/types.ts'
import type { Db } from '../connect.ts'
import { consentStates } from '../schema/ledger.ts'
import { readFoldEvents } from './foldEvents.ts'

export async function readStandings(db: Db, contactPointId: string): Promise<Standings> {
  return (await readStoredStandings(db, contactPointId)).standings
}

/** @returns `damaged`: the stored states could not be read and should be rewritten */
export async function readStoredStandings(
  db: Db,
  contactPointId: string,
): Promise<{ standings: Standings; damaged: boolean }> {
  const rows = await db.select().from(consentStates).where(eq(consentStates.contactPointId, contactPointId))
  const entries = rows.flatMap(({ purpose, topic, entry }) => {
    const read = recordedEntry.safeParse(entry)
    const agrees = read.success && read.data.purpose === purpose && (read.data.topic ?? '') === topic
    return agrees ? [read.data] : []
  })
  const damaged = entries.length < rows.length
  if (!damaged) return { standings: { entries: entries.sort(byPurposeThenTopic) }, damaged }
  return { standings: fold(await readFoldEvents(db, contactPointId)), damaged }
}

/** Writes the consent states of a contact point, the stored form of what its ledger folds to. */
import { isDeepStrictEqual } from 'node:util'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { readFoldEvents } from '../../db/reads/foldEvents.ts'
import { consentStates } from '../../db/schema/ledger.ts'
import { fold } from '../../domain/consent/fold.ts'
import type { Entry, Standings } from '../../domain/consent/types.ts'
import type { LockedContactPoint } from '../locks.ts'

/**
 * Writes what is different from before, and nothing else.
 * @param stored the stored states; null if they are unknown: then all are rewritten
 */
export async function writeStates(
  tx: Db,
  { id: contactPointId }: LockedContactPoint,
  stored: Standings | null,
  after: Standings,
): Promise<void> {
  if (stored === null) await tx.delete(consentStates).where(eq(consentStates.contactPointId, contactPointId))
  const before = stored ?? { entries: [] }
  const gone = before.entries.filter((entry) => find(after, entry) === undefined)
  const changed = after.entries.filter((entry) => !isDeepStrictEqual(find(before, entry), entry))
  if (gone.length > 0) await deleteStates(tx, contactPointId, gone)
  if (changed.length === 0) return
  await tx
    .insert(consentStates)
    .values(changed.map((entry) => rowOf(contactPointId, entry)))
    .onConflictDoUpdate({
      target: [consentStates.contactPointId, consentStates.purpose, consentStates.topic],
      set: { entry: sql`excluded.entry` },
    })
}

/** What the stored ledger of a contact point folds to, written as its consent states, whatever was there. */
export async function refold(tx: Db, contactPoint: LockedContactPoint): Promise<Standings> {
  const standings = fold(await readFoldEvents(tx, contactPoint.id))
  await writeStates(tx, contactPoint, null, standings)
  return standings
}

async function deleteStates(tx: Db, contactPointId: string, entries: readonly Entry[]): Promise<void> {
  const keys = entries.map((entry) => rowOf(contactPointId, entry))
  await tx.delete(consentStates).where(
    and(
      eq(consentStates.contactPointId, contactPointId),
      inArray(
        sql`(${consentStates.purpose}, ${consentStates.topic})`,
        keys.map(({ purpose, topic }) => sql`(${purpose}, ${topic})`),
      ),
    ),
  )
}

function find({ entries }: Standings, { purpose, topic }: Entry): Entry | undefined {
  return entries.find((entry) => entry.purpose === purpose && entry.topic === topic)
}

function rowOf(contactPointId: string, entry: Entry): typeof consentStates.$inferInsert {
  return { contactPointId, purpose: entry.purpose, topic: entry.topic ?? '', entry }
}

/** Compares the stored consent states with the fold of the ledger. */
import { isDeepStrictEqual } from 'node:util'
import { asc, inArray } from 'drizzle-orm'
import type { Standings } from '../../domain/consent/types.ts'
import type { Db } from '../connect.ts'
import { consentStates } from '../schema/ledger.ts'

/** A row as stored; its entry is not validated. */
export type StoredState = { contactPointId: string; purpose: string; topic: string; entry: unknown }

/** Stored states by contact point. @param contactPoints some hundreds at most */
export async function readStoredStates(
  db: Db,
  contactPoints: readonly string[],
): Promise<Map<string, StoredState[]>> {
  const byPoint = new Map<string, StoredState[]>(contactPoints.map((id) => [id, []]))
  if (contactPoints.length === 0) return byPoint
  const rows = await db
    .select()
    .from(consentStates)
    .where(inArray(consentStates.contactPointId, [...contactPoints]))
    .orderBy(asc(consentStates.purpose), asc(consentStates.topic))
  for (const row of rows) byPoint.get(row.contactPointId)?.push(row)
  return byPoint
}

/** The first purpose or topic whose stored state differs from the fold, is missing or is superfluous; null if all agree. */
export function stateDifference(
  stored: readonly StoredState[],
  standings: Standings,
): { purpose: string; topic: string | null } | null {
  for (const entry of standings.entries) {
    const row = stored.find((one) => one.purpose === entry.purpose && one.topic === (entry.topic ?? ''))
    if (row === undefined || !isDeepStrictEqual(row.entry, entry)) {
      return { purpose: entry.purpose, topic: entry.topic }
    }
  }
  const extra = stored.find(
    (row) =>
      !standings.entries.some((entry) => entry.purpose === row.purpose && (entry.topic ?? '') === row.topic),
  )
  return extra === undefined
    ? null
    : { purpose: extra.purpose, topic: extra.topic === '' ? null : extra.topic }
}

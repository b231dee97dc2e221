/**
 * The names of purposes and topics at a moment: the name beside the box at that time, so that a consent has the same
 * name on the form and in the evidence, even if it was renamed since.
 */
import { asc, inArray } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { purposeVersions } from '../db/schema/definitions.ts'
import { compareInstants } from '../domain/consent/instant.ts'
import { everything } from '../domain/consent/types.ts'
import { purposeShape } from '../domain/shapes/purpose.ts'

/** @returns null for `*`, and for purposes and topics that never had a name */
export type NameAt = (purpose: string | null, topic: string | null, at: string | null) => string | null

export async function readConsentNames(db: Db, purposes: readonly (string | null)[]): Promise<NameAt> {
  const keys = [...new Set(purposes)].flatMap((key) => (key === null || key === everything ? [] : [key]))
  const rows =
    keys.length === 0
      ? []
      : await db
          .select()
          .from(purposeVersions)
          .where(inArray(purposeVersions.key, keys))
          .orderBy(asc(purposeVersions.key), asc(purposeVersions.version))
  const versions = rows.map(({ key, recordedAt, definition }) => ({
    key,
    recordedAt,
    definition: purposeShape.parse(definition),
  }))
  return (purpose, topic, at) => {
    const named = versions.flatMap(({ key, recordedAt, definition }) => {
      if (key !== purpose) return []
      const found = topic === null ? definition : definition.topics.find((one) => one.key === topic)
      return found === undefined ? [] : [{ recordedAt, name: found.name }]
    })
    const then = named.filter(({ recordedAt }) => at !== null && compareInstants(recordedAt, at) <= 0)
    // Recorded before the purpose was put here: use its first name.
    return (then.at(-1) ?? named[0])?.name ?? null
  }
}

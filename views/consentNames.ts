/**
 * What purposes and topics were called at a moment: the name that stood beside the box then, so that one consent has one name from
 * the form to the evidence, whatever it is called today.
 */
import { asc, inArray } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { purposeVersions } from '../db/schema/definitions.ts'
import { compareInstants } from '../domain/consent/instant.ts'
import { everything } from '../domain/consent/types.ts'
import { purposeShape } from '../domain/shapes/purpose.ts'

/** @returns null for `*`, and for what never had a name */
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
    // Stated before it was ever put here: by the first name it got.
    return (then.at(-1) ?? named[0])?.name ?? null
  }
}

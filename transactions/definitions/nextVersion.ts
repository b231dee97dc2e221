/**
 * Versions of what is put by key. A PUT that changes nothing makes no version; one that does makes the next, and the one
 * before stays readable for ever, so that a decision as of a past time is not fiction.
 *
 * Lock: an advisory one by kind and key, which holds also where there is no row yet.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { sameJson } from '../../domain/sameJson.ts'
import { lockDefinition } from '../locks.ts'

const versionTables = {
  profile: sql.identifier('profile_versions'),
  purpose: sql.identifier('purpose_versions'),
  message: sql.identifier('message_versions'),
}

export type Put = { version: number; changed: boolean }

/** The version this definition is, made where it is new. The caller then writes the current row. */
export async function nextVersion(
  tx: Db,
  kind: keyof typeof versionTables,
  key: string,
  definition: Record<string, unknown>,
): Promise<Put> {
  await lockDefinition(tx, kind, key)
  const table = versionTables[kind]
  const [newest] = await tx.execute<{ version: number; definition: unknown }>(
    sql`select version, definition from ${table} where key = ${key} order by version desc limit 1`,
  )
  if (newest !== undefined && sameJson(newest.definition, definition)) {
    return { version: newest.version, changed: false }
  }
  const version = (newest?.version ?? 0) + 1
  await tx.execute(
    sql`insert into ${table} (key, version, definition) values (${key}, ${version}, ${JSON.stringify(definition)}::jsonb)`,
  )
  return { version, changed: true }
}

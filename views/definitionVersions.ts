/**
 * Old versions of definitions and published journeys: never changed or deleted, since past deliveries and runs refer to
 * them.
 */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { messageVersions, profileVersions, purposeVersions } from '../db/schema/definitions.ts'
import { journeyVersions } from '../db/schema/journeys.ts'
import { notFound } from '../domain/refusal.ts'
import { type Page, pageOf } from './page.ts'

export type VersionedKind = 'profile' | 'purpose' | 'message' | 'journey'

/** When a version came to be: of a journey, when it was published. */
export type VersionView = { version: number; recordedAt: string }

const tables = {
  profile: profileVersions,
  purpose: purposeVersions,
  message: messageVersions,
} as const

/** Newest first. @throws Refusal not-found if the definition never existed */
export async function listVersions(
  db: Db,
  kind: VersionedKind,
  key: string,
  page: { limit: number; after?: number | undefined },
): Promise<Page<VersionView>> {
  const { table, recordedAt } = columnsOf(kind)
  const rows = await db
    .select({ version: table.version, recordedAt })
    .from(table)
    .where(and(eq(table.key, key), page.after === undefined ? undefined : lt(table.version, page.after)))
    .orderBy(desc(table.version))
    .limit(page.limit + 1)
  if (rows.length === 0 && page.after === undefined) throw notFound(kind, key)
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    (row) => String(row.version),
  )
}

/** What was put. @throws Refusal not-found */
export async function getVersion(
  db: Db,
  kind: VersionedKind,
  key: string,
  version: number,
): Promise<object & VersionView & { key: string }> {
  const { table, recordedAt } = columnsOf(kind)
  const [row] = await db
    .select({ recordedAt, definition: sql<unknown>`${table.definition}` })
    .from(table)
    .where(and(eq(table.key, key), eq(table.version, version)))
  if (row === undefined) throw notFound('version', `${kind} ${key} ${version}`)
  return { ...z.looseObject({}).parse(row.definition), key, version, recordedAt: row.recordedAt }
}

function columnsOf(kind: VersionedKind) {
  if (kind === 'journey') return { table: journeyVersions, recordedAt: journeyVersions.publishedAt }
  const table = tables[kind]
  return { table, recordedAt: table.recordedAt }
}

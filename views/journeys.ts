/** Journeys as they stand now. */
import { asc, eq, gt } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { journeys } from '../db/schema/journeys.ts'
import type { JourneyDefinition } from '../domain/journey/definition.ts'
import { notFound } from '../domain/refusal.ts'
import { type Page, pageOf } from './page.ts'

/** The draft as it was put, and beside it which version is published. */
export type StoredJourney = JourneyDefinition & { publishedVersion: number | null; updatedAt: string }

/** @throws Refusal not-found */
export async function getJourney(db: Db, key: string): Promise<StoredJourney> {
  const [row] = await db.select().from(journeys).where(eq(journeys.key, key))
  if (row === undefined) throw notFound('journey', key)
  return stored(row)
}

export async function listJourneys(
  db: Db,
  page: { limit: number; after?: string | undefined },
): Promise<Page<StoredJourney>> {
  const rows = await db
    .select()
    .from(journeys)
    .where(page.after === undefined ? undefined : gt(journeys.key, page.after))
    .orderBy(asc(journeys.key))
    .limit(page.limit + 1)
  return pageOf(rows, page.limit, stored, (row) => row.key)
}

function stored(row: typeof journeys.$inferSelect): StoredJourney {
  return { ...row.draft, publishedVersion: row.publishedVersion, updatedAt: row.updatedAt }
}

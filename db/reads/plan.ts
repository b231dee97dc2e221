/** The plan of a published version: what its workflows are started with. */
import { and, eq } from 'drizzle-orm'
import type { Plan } from '../../domain/journey/plan.ts'
import { notFound } from '../../domain/refusal.ts'
import type { Db } from '../connect.ts'
import { journeyVersions } from '../schema/journeys.ts'

/** @throws Refusal not-found */
export async function planOf(db: Db, journey: string, version: number): Promise<Plan> {
  const [row] = await db
    .select({ plan: journeyVersions.plan })
    .from(journeyVersions)
    .where(and(eq(journeyVersions.key, journey), eq(journeyVersions.version, version)))
  if (row === undefined) throw notFound('journey version', `${journey} ${version}`)
  return row.plan
}

/** A run's definition and plan: immutable, so they may be read before any lock. */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { journeyVersions, runs } from '../../db/schema/journeys.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import type { Plan } from '../../domain/journey/plan.ts'
import { notFound } from '../../domain/refusal.ts'

export type RunDefinition = {
  contactId: string
  definition: JourneyDefinition
  plan: Plan
  journey: string
  version: number
}

export async function definitionOf(db: Db, run: string): Promise<RunDefinition> {
  const [row] = await db
    .select({
      contactId: runs.contactId,
      definition: journeyVersions.definition,
      plan: journeyVersions.plan,
      journey: runs.journey,
      version: runs.version,
    })
    .from(runs)
    .innerJoin(
      journeyVersions,
      and(eq(journeyVersions.key, runs.journey), eq(journeyVersions.version, runs.version)),
    )
    .where(eq(runs.id, run))
  if (row === undefined) throw notFound('run', run)
  return row
}

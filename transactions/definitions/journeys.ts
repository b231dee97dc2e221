/** Journeys: put as a draft with its checks, published as an immutable version that new runs take. */
import { and, eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { readWorld, type TemplateReader } from '../../db/reads/world.ts'
import { journeys, journeyVersions } from '../../db/schema/journeys.ts'
import { entryOf, exitsOf } from '../../domain/journey/awaits.ts'
import { checkJourney, type Problem } from '../../domain/journey/check.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import { asFieldError } from '../../domain/journey/findings.ts'
import { invalidFields, notFound, Refusal } from '../../domain/refusal.ts'
import { sameJson } from '../../domain/sameJson.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'
import { lockDefinition } from '../locks.ts'
import { readVariables } from './messageSources.ts'

import { type DefinitionReadBack, refuseOther } from './readBack.ts'
/** Stores the draft; what is wrong with it is answered, not refused: only publishing refuses. */
export async function putJourney(
  deps: Deps,
  definition: JourneyDefinition,
  readBack: DefinitionReadBack = {},
): Promise<{ problems: Problem[] }> {
  return deps.db.transaction(async (tx) => {
    await lockDefinition(tx, 'journey', definition.key)
    await refuseOther(tx, 'journey', definition.key, definition, readBack)
    const problems = checkJourney(definition, await readWorld(tx, definition, readerOf(deps)))
    const row = { key: definition.key, draft: definition, updatedAt: await databaseNow(tx) }
    await tx.insert(journeys).values(row).onConflictDoUpdate({ target: journeys.key, set: row })
    return { problems }
  })
}

/**
 * Publishes the draft. If it is equal to the published version, no new version is made.
 * @throws Refusal invalid with a pointer into the definition for each error
 */
export async function publishJourney(
  deps: Deps,
  key: string,
): Promise<{ version: number; problems: Problem[] }> {
  return deps.db.transaction(async (tx) => {
    await lockDefinition(tx, 'journey', key)
    const [journey] = await tx.select().from(journeys).where(eq(journeys.key, key))
    if (journey === undefined) throw notFound('journey', key)
    const problems = checkJourney(journey.draft, await readWorld(tx, journey.draft, readerOf(deps)))
    const errors = problems.filter((problem) => problem.severity === 'error')
    if (errors.length > 0) throw invalidFields(errors.map(asFieldError), 'the journey')
    const warnings = problems.filter((problem) => problem.severity === 'warning')
    const published = await readVersion(tx, key, journey.publishedVersion)
    if (published !== null && sameJson(published, journey.draft)) {
      return { version: journey.publishedVersion ?? 1, problems: warnings }
    }
    const version = (journey.publishedVersion ?? 0) + 1
    await tx.insert(journeyVersions).values({
      key,
      version,
      definition: journey.draft,
      exitTriggers: exitsOf(journey.draft).map((exit) => exit.trigger),
    })
    await tx
      .update(journeys)
      .set({ publishedVersion: version, entryTrigger: entryOf(journey.draft)?.trigger ?? null })
      .where(eq(journeys.key, key))
    return { version, problems: warnings }
  })
}

/** Deletes a draft that was never published. @throws Refusal conflict for a published one */
export async function deleteJourney(deps: Deps, key: string): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lockDefinition(tx, 'journey', key)
    const [journey] = await tx.select().from(journeys).where(eq(journeys.key, key))
    if (journey === undefined) throw notFound('journey', key)
    if (journey.publishedVersion !== null) {
      throw new Refusal(
        'journey-published',
        `The journey "${key}" was published and cannot be deleted: its runs and their proof refer to it.`,
      )
    }
    await tx.delete(journeys).where(eq(journeys.key, key))
  })
}

async function readVersion(tx: Db, key: string, version: number | null): Promise<JourneyDefinition | null> {
  if (version === null) return null
  const [row] = await tx
    .select({ definition: journeyVersions.definition })
    .from(journeyVersions)
    .where(and(eq(journeyVersions.key, key), eq(journeyVersions.version, version)))
  return row?.definition ?? null
}

/** Reading a large message takes a while: not here. */
function readerOf(deps: Deps): TemplateReader {
  return {
    linkNames: (message, html) =>
      inThread(
        deps,
        'linkNames',
        `message:${message}`,
        [html],
        () =>
          new Refusal(
            'message-too-costly',
            `The HTML of the message "${message}" takes too long to read. Simplify it.`,
          ),
      ),
    variables: (message, templates) => readVariables(deps, message, templates),
  }
}

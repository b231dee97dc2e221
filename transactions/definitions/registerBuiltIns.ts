/** Registers the triggers of the catalogue, so that journeys can use them. A built-in trigger that a user has redefined is kept. */
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import { builtInTriggers } from '../../domain/triggers/catalogue.ts'
import type { Deps } from '../deps.ts'

export async function registerBuiltIns(deps: Deps): Promise<void> {
  const rows = builtInTriggers.map(({ name, description }) => ({
    name,
    definition: triggerDefinitionShape.parse({ description }),
    builtIn: true,
  }))
  await deps.db.transaction((tx) => tx.insert(triggerDefinitions).values(rows).onConflictDoNothing())
}

/** Registers a trigger by name; its payload's JSON Schema must be one. */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { invalid, type Refusal } from '../../domain/refusal.ts'
import { sameJson } from '../../domain/sameJson.ts'
import type { TriggerDefinition } from '../../domain/shapes/trigger.ts'
import { isReserved } from '../../domain/triggers/catalogue.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'
import { lockDefinition } from '../locks.ts'
import { type DefinitionReadBack, refuseOther } from './readBack.ts'

/** @throws Refusal invalid where the schema is none, or the name is one that only Assent itself raises */
export async function putTriggerDefinition(
  deps: Deps,
  name: string,
  definition: TriggerDefinition,
  readBack: DefinitionReadBack = {},
): Promise<void> {
  if (isReserved(name)) return leaveReserved(deps, name, definition, readBack)
  const problem = await inThread(deps, 'schemaProblem', `trigger:${name}`, [definition.schema], tooCostly)
  if (problem !== null) throw invalid('/schema', 'invalid-schema', problem)
  await deps.db.transaction(async (tx) => {
    await lockDefinition(tx, 'trigger', name)
    await refuseOther(tx, 'trigger', name, definition, readBack)
    const updatedAt = await databaseNow(tx)
    const [known] = await tx.select().from(triggerDefinitions).where(eq(triggerDefinitions.name, name))
    if (known === undefined) await tx.insert(triggerDefinitions).values({ name, definition, updatedAt })
    else
      await tx
        .update(triggerDefinitions)
        .set({ definition, updatedAt })
        .where(eq(triggerDefinitions.name, name))
  })
}

/** What only Assent raises cannot be changed; put back as it was read, it is left as it is. */
async function leaveReserved(
  deps: Deps,
  name: string,
  definition: TriggerDefinition,
  readBack: DefinitionReadBack,
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const [known] = await tx.select().from(triggerDefinitions).where(eq(triggerDefinitions.name, name))
    if (known === undefined || !sameJson(known.definition, definition))
      throw invalid(
        '/name',
        'name-reserved',
        `Only Assent itself defines the trigger "${name}". Choose another name.`,
      )
    await refuseOther(tx, 'trigger', name, definition, readBack)
  })
}

function tooCostly(): Refusal {
  return invalid(
    '/schema',
    'schema-too-costly',
    'The schema takes too long, or too much memory, to compile. Simplify it.',
  )
}

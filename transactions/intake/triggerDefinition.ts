/** The definition of a trigger, and whether a payload fits it. */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import { type TriggerDefinition, triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import { payloadProblems } from '../../domain/triggers/payloadSchema.ts'

/** @throws Refusal not-found */
export async function readTriggerDefinition(db: Db, name: string): Promise<TriggerDefinition> {
  const [row] = await db
    .select({ definition: triggerDefinitions.definition })
    .from(triggerDefinitions)
    .where(eq(triggerDefinitions.name, name))
  if (row === undefined) throw notFound('trigger', name)
  return triggerDefinitionShape.parse(row.definition)
}

/** @throws Refusal invalid, with a pointer below `/payload` for each fault */
export function refusePayload(definition: TriggerDefinition, payload: Record<string, unknown>): void {
  const errors = payloadProblems(definition.schema, payload, '/payload')
  if (errors.length > 0)
    throw new Refusal('invalid', 'the payload breaks the schema of its trigger', { errors })
}

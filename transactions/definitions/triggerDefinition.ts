/** The definition of a trigger, and whether a payload fits it. */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { triggerDefinitions } from '../../db/schema/definitions.ts'
import { invalid, invalidFields, notFound } from '../../domain/refusal.ts'
import { type TriggerDefinition, triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import { isJudgedQuickly, payloadProblems } from '../../domain/triggers/payloadSchema.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'

/** @throws Refusal not-found */
export async function readTriggerDefinition(db: Db, name: string): Promise<TriggerDefinition> {
  const [row] = await db
    .select({ definition: triggerDefinitions.definition })
    .from(triggerDefinitions)
    .where(eq(triggerDefinitions.name, name))
  if (row === undefined) throw notFound('trigger', name)
  return triggerDefinitionShape.parse(row.definition)
}

/**
 * Judges a payload here where that is quick, else in a thread with a deadline: not under a lock.
 *
 * @throws Refusal invalid, with a pointer below `/payload` for each fault; `payload-too-costly` where judging it takes too long, or
 * too much memory
 */
export async function refusePayload(
  deps: Deps,
  name: string,
  { schema }: TriggerDefinition,
  payload: Record<string, unknown>,
): Promise<void> {
  const errors = isJudgedQuickly(schema, payload)
    ? payloadProblems(schema, payload, '/payload')
    : await inThread(deps, 'payloadProblems', `trigger:${name}`, [schema, payload, '/payload'], () =>
        invalid(
          '/payload',
          'payload-too-costly',
          `Checking the payload against the schema of "${name}" takes too long or too much memory. Send a smaller payload.`,
        ),
      )
  if (errors.length > 0) throw invalidFields(errors, 'the payload')
}

/** Trigger definitions, and the triggers that callers send. */
import { z } from 'zod'
import { triggerContactShape } from './contact.ts'
import { instantShape, payloadShape, textShape, triggerNameShape } from './primitives.ts'

export const triggerDefinitionShape = z
  .strictObject({
    description: textShape(2000),
    schema: z
      .record(z.string(), z.json())
      .default({})
      .meta({
        description:
          'JSON Schema (2020-12) of the payload; empty: any object. Patterns are those of RE2: no looking ahead or behind, no references ' +
          'back; a text of more than 4,000 characters fits no pattern and no format',
      }),
    createContact: z.boolean().default(false).meta({
      description:
        'Create an unknown contact instead of refusing the trigger, and let the trigger set fields of the contact',
    }),
  })
  .meta({ id: 'TriggerDefinition', description: 'A trigger that can start or move journeys' })
export type TriggerDefinition = z.infer<typeof triggerDefinitionShape>

export const triggerShape = z
  .strictObject({
    id: textShape(200).optional().meta({
      description:
        "The sender's id of what happened: repeated posts with it have one effect. Left out: every post counts",
    }),
    contact: triggerContactShape,
    payload: payloadShape.default({}),
    occurredAt: instantShape.optional(),
  })
  .meta({ id: 'Trigger', description: 'Something that happened' })
export type TriggerInput = z.infer<typeof triggerShape>

export const triggerLineShape = triggerShape
  .extend({ name: triggerNameShape })
  .meta({ id: 'TriggerLine', description: 'One line of NDJSON: a trigger with its name' })

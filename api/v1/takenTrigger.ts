/** What a trigger that was taken is answered. */
import { z } from 'zod'
import { skippedCodes } from '../../db/schema/triggers.ts'
import type { TakenEvent } from '../../transactions/intake/takeTrigger.ts'
import { createdWithoutAddress, findingShape } from '../findings.ts'

export const takenShape = z
  .object({
    event: z.uuid(),
    started: z.array(z.uuid()).meta({ description: 'Runs it started' }),
    signalled: z.array(z.uuid()).meta({ description: 'Runs it moved or ended' }),
    skipped: z.array(z.object({ journey: z.string(), code: z.enum(skippedCodes) })).meta({
      description:
        'Journeys it did not start, and why. `too-many-runs`: the contact has 50 open runs there, the most it may have. `journey-loop`: runs that start each other led to it, five in a row. `unreadable-journey-version`: a later version of Assent published it.',
    }),
    duplicate: z
      .boolean()
      .meta({ description: 'The id was known: this post had no effect, and the rest is the first answer' }),
    contactCreated: z
      .string()
      .nullable()
      .meta({ description: 'External id of the contact it created; null: it found one' }),
    problems: z
      .array(findingShape)
      .meta({ description: 'What is doubtful: a contact that was created without an address' }),
  })
  .meta({ id: 'TakenTrigger', description: 'The stored event, and the runs it started and moved' })

export function takenAnswer(taken: TakenEvent): z.infer<typeof takenShape> {
  const { created, withoutAddress, ...answer } = taken
  const problems = withoutAddress === true ? [createdWithoutAddress('/contact')] : []
  return { ...answer, contactCreated: created ?? null, problems }
}

/** The answer to an accepted trigger. */
import { z } from 'zod'
import { skippedCodes } from '../../db/schema/triggers.ts'
import type { TakenEvent } from '../../transactions/intake/takeTrigger.ts'
import { createdWithoutAddress, findingShape } from '../findings.ts'

export const takenShape = z
  .object({
    event: z.uuid(),
    started: z.array(z.uuid()).meta({ description: 'Ids of the runs that it started' }),
    signalled: z.array(z.uuid()).meta({ description: 'Ids of the runs that it moved or ended' }),
    skipped: z.array(z.object({ journey: z.string(), code: z.enum(skippedCodes) })).meta({
      description:
        'Journeys that it did not start, and why. `too-many-runs`: the contact already has 50 open runs of the journey. `journey-loop`: five runs in a row have started each other. `unreadable-journey-version`: a newer version of Assent published the journey.',
    }),
    duplicate: z.boolean().meta({
      description: 'The id was known: this request had no effect, and the other fields are the first answer',
    }),
    contactCreated: z
      .string()
      .nullable()
      .meta({ description: 'External id of the contact that it created; null if it found one' }),
    problems: z
      .array(findingShape)
      .meta({ description: 'Warnings, such as a contact that was created without an address' }),
  })
  .meta({ id: 'TakenTrigger', description: 'The stored event, and the runs it started and moved' })

export function takenAnswer(taken: TakenEvent): z.infer<typeof takenShape> {
  const { created, withoutAddress, ...answer } = taken
  const problems = withoutAddress === true ? [createdWithoutAddress('/contact')] : []
  return { ...answer, contactCreated: created ?? null, problems }
}

/** Purpose: why you write to people, with its topics. */
import { z } from 'zod'
import { coded, keyShape, textShape } from './primitives.ts'

export const enforcementShape = z
  .enum(['restrictive', 'non-restrictive'])
  .meta({ description: '`restrictive` needs an opt-in; `non-restrictive` permits messages until an opt-out' })

export const purposeShape = z
  .strictObject({
    name: textShape(200),
    description: textShape(2000).meta({ description: 'The explanation that people read' }),
    profile: keyShape.default('default'),
    kind: z.enum(['commercial', 'transactional', 'tracking']),
    enforcement: enforcementShape.default('restrictive'),
    channels: z
      .record(keyShape, enforcementShape)
      .optional()
      .meta({ description: 'Enforcement model by channel, if it differs' }),
    topics: z
      .array(z.strictObject({ key: keyShape, name: textShape(200), description: textShape(2000) }))
      .max(100)
      .default([])
      .meta({ description: 'Subdivisions; without topics the purpose is all or nothing' }),
  })
  .superRefine((purpose, context) => {
    const seen = new Set<string>()
    purpose.topics.forEach((topic, index) => {
      if (seen.has(topic.key)) {
        context.addIssue({
          code: 'custom',
          path: ['topics', index, 'key'],
          ...coded('duplicate', `The topic "${topic.key}" is named twice. Name it once.`),
        })
      }
      seen.add(topic.key)
    })
    if (purpose.kind !== 'commercial' && purpose.topics.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['topics'],
        ...coded('not-allowed-here', 'Only a commercial purpose can have topics. Leave topics out.'),
      })
    }
  })
  .meta({ id: 'Purpose', description: 'Why you write to people' })
export type Purpose = z.infer<typeof purposeShape>

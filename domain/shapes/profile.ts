/** Compliance profile: settings of a brand that apply to all its messages. */
import { z } from 'zod'
import { parseDuration } from '../journey/duration.ts'
import { coded, keyShape, localeShape, textShape } from './primitives.ts'

const durationShape = textShape(60)
  .refine(
    (text) => {
      try {
        return parseDuration(text) > 0
      } catch {
        return false
      }
    },
    coded('invalid-duration', 'Must be a duration, such as "3 days" or "P3D".'),
  )
  .meta({ description: 'Duration: "3 days", "1 hour" or ISO 8601', example: '28 days' })

export const profileShape = z
  .strictObject({
    name: textShape(200).meta({ description: 'Name of the brand as people know it' }),
    sender: z
      .strictObject({
        name: textShape(200).meta({ description: 'Display name of the sender' }),
        email: z.email().max(254).meta({ description: 'From address', example: 'hello@example.com' }),
        sms: textShape(20).optional().meta({ description: 'Sender number (E.164) or sender id for SMS' }),
        dkim: z
          .strictObject({
            domain: textShape(253),
            selector: textShape(63),
            keyFile: textShape(500).meta({
              description: 'Plain name of a file in `ASSENT_DKIM_FOLDER`: an RSA private key in PEM',
              example: 'example-com.pem',
            }),
          })
          .optional()
          .meta({ description: 'Sign outgoing mail here (RFC 6376); leave it out if the relay signs' }),
      })
      .meta({ description: 'The sender' }),
    postalAddress: textShape(500).meta({ description: 'Postal address shown in every commercial e-mail' }),
    trackingPurpose: keyShape.optional().meta({
      description:
        'Purpose of kind `tracking` that decides on opens, clicks and UTM; without it nothing is tracked',
    }),
    defaultTracking: z.enum(['track', 'do-not-track']).optional().meta({
      description:
        'For a non-restrictive tracking purpose: what applies to people who have not chosen; by default `track`',
    }),
    doubleOptIn: z
      .strictObject({
        message: keyShape.meta({
          description: 'The confirmation message; its purpose must be transactional',
        }),
        expiresAfter: durationShape.default('28 days'),
        remindAfter: durationShape
          .optional()
          .meta({ description: 'One reminder after this time, if nobody confirmed' }),
      })
      .optional()
      .meta({ description: 'Absent: single opt-in' }),
    locale: localeShape.default('en'),
  })
  .meta({ id: 'Profile', description: 'Compliance profile' })
export type Profile = z.infer<typeof profileShape>

/** Messages: content for one channel, with purpose and topic, in versions. */
import { z } from 'zod'
import { keyShape, textShape } from './primitives.ts'

export const emailMessageShape = z
  .strictObject({
    channel: z.literal('email'),
    profile: keyShape
      .optional()
      .meta({ description: 'The compliance profile it is sent under; `default` unless said' }),
    purpose: keyShape.meta({
      description: 'The purpose it serves; its consent is asked at the moment of each send',
    }),
    topic: keyShape
      .optional()
      .meta({ description: 'A topic of that purpose; without one the purpose itself is asked' }),
    subject: textShape(998)
      .regex(/^[^\r\n]*$/, 'must be one line')
      .meta({ description: 'Liquid template of the subject, one line' }),
    html: textShape(400_000)
      .optional()
      .meta({
        description:
          'Liquid template of the HTML part, every output escaped. A link may be named by `data-link="name"`. ' +
          'A commercial message links `links.preferences` and shows `profile.postalAddress` in this part too',
      }),
    text: textShape(100_000).meta({
      description:
        'Liquid template of the text part. A commercial message gives `links.preferences` and shows ' +
        '`profile.postalAddress` in it',
    }),
    tracking: z.literal(false).optional().meta({
      description: '`false`: neither opens nor clicks are tracked, whatever consent there is',
    }),
  })
  .meta({
    id: 'EmailMessage',
    description:
      'An e-mail in Liquid over `contact`, `trigger`, `profile` and `links`; each `PUT` that changes it makes a version',
  })
export type EmailMessage = z.infer<typeof emailMessageShape>

export const messageShape = z
  .discriminatedUnion('channel', [emailMessageShape])
  .meta({ id: 'Message', description: 'Content for one channel' })
export type Message = z.infer<typeof messageShape>

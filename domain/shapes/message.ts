/** Messages: content for one channel, with purpose and topic, in versions. */
import { z } from 'zod'
import { keyShape, textShape } from './primitives.ts'

export const emailMessageShape = z
  .strictObject({
    channel: z.literal('email'),
    profile: keyShape
      .optional()
      .meta({ description: 'The compliance profile under which it is sent; by default `default`' }),
    purpose: keyShape.meta({
      description: 'Its purpose; consent to it is checked at each send',
    }),
    topic: keyShape
      .optional()
      .meta({ description: 'A topic of that purpose; without it, consent to the purpose itself is checked' }),
    subject: textShape(998)
      .regex(/^[^\r\n]*$/, 'Must be one line.')
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
      description: '`false`: opens and clicks are not tracked, even with consent',
    }),
  })
  .meta({
    id: 'EmailMessage',
    description:
      'An e-mail in Liquid over `contact`, `trigger`, `profile` and `links`; each `PUT` that changes it makes a version',
  })

export const messageShape = z
  .discriminatedUnion('channel', [emailMessageShape])
  .meta({ id: 'Message', description: 'Content for one channel' })
export type Message = z.infer<typeof messageShape>

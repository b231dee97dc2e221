/** A contact as a caller puts it. */
import { z } from 'zod'
import { keyShape, localeShape, payloadShape, textShape, timeZoneShape } from './primitives.ts'

export const contactShape = z
  .strictObject({
    kind: z.enum(['contact', 'lead']).default('contact'),
    account: textShape(200).optional().meta({ description: 'External id of the account it belongs to' }),
    email: textShape(320).optional(),
    phone: textShape(40).optional().meta({ description: 'E.164', example: '+431234567' }),
    addresses: z
      .record(keyShape, textShape(320))
      .optional()
      .meta({ description: 'Addresses on further channels' }),
    postalAddress: z
      .union([textShape(500), z.record(z.string().max(50), z.string().max(200))])
      .optional()
      .meta({ description: 'As one text, or in named parts' }),
    attributes: payloadShape.default({}),
    locale: localeShape.optional(),
    timeZone: timeZoneShape.optional(),
  })
  .superRefine((contact, context) => {
    for (const channel of ['email', 'sms']) {
      if (contact.addresses?.[channel] !== undefined) {
        const field = channel === 'email' ? 'email' : 'phone'
        context.addIssue({ code: 'custom', path: ['addresses', channel], message: `give it as "${field}"` })
      }
    }
  })
  .meta({ id: 'Contact', description: 'A person in the CRM: contact or lead' })
export type ContactInput = z.infer<typeof contactShape>

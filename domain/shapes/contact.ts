/** A contact as a caller puts it, and as a caller changes parts of it. */
import { z } from 'zod'
import {
  coded,
  idShape,
  instantShape,
  keyShape,
  localeShape,
  payloadShape,
  textShape,
  timeZoneShape,
} from './primitives.ts'

const addressShape = textShape(320)
const partShape = z.string().max(200)

/**
 * The data of a contact. Null means the same as leaving a field out: a `GET` answers null for fields without a value,
 * and its answer can be put back. So can `addresses.email` and `addresses.sms`, if they repeat `email` and `phone`.
 */
export const contactShape = z
  .strictObject({
    kind: z.enum(['contact', 'lead']).default('contact'),
    account: textShape(200).nullish().meta({ description: 'External id of the account it belongs to' }),
    email: addressShape.nullish(),
    phone: textShape(40).nullish().meta({ description: 'E.164', example: '+431234567' }),
    addresses: z
      .record(keyShape, addressShape)
      .optional()
      .meta({ description: 'Addresses on further channels, at most 20' }),
    postalAddress: z
      .union([textShape(500), z.record(z.string().max(50), partShape)])
      .nullish()
      .meta({ description: 'As one text, or in named parts' }),
    attributes: payloadShape.default({}),
    locale: localeShape.nullish(),
    timeZone: timeZoneShape.nullish(),
  })
  .superRefine((contact, context) => {
    for (const [channel, field] of [
      ['email', 'email'],
      ['sms', 'phone'],
    ] as const) {
      const address = contact.addresses?.[channel]
      if (address !== undefined && address !== contact[field]) {
        context.addIssue({
          code: 'custom',
          path: ['addresses', channel],
          ...coded('not-allowed-here', `Give this address as "${field}".`),
        })
      }
    }
  })
  .meta({ id: 'Contact', description: 'A person in the CRM: contact or lead' })
export type ContactInput = Omit<z.infer<typeof contactShape>, 'attributes'> & {
  attributes: Record<string, unknown>
}

/** The read-only members in the answer of a `GET`; see `domain/readBack.ts`. */
const readBackFields = {
  id: idShape.optional().meta({ readOnly: true }),
  externalId: textShape(200).optional().meta({ readOnly: true }),
  createdAt: instantShape.optional().meta({ readOnly: true }),
  updatedAt: instantShape.optional().meta({
    readOnly: true,
    description: 'If you send it, the request is refused if the contact has changed since',
  }),
  consents: z
    .array(z.record(z.string(), z.json()))
    .optional()
    .meta({ readOnly: true, description: 'Only `POST /v1/consents` changes it' }),
}

/** The read-only members of a contact in a caller's request. */
export type ContactReadBack = {
  id?: string | undefined
  externalId?: string | undefined
  createdAt?: string | undefined
  updatedAt?: string | undefined
  consents?: readonly unknown[] | undefined
}

/** Body of a `PUT`. */
export const contactPutShape = contactShape.safeExtend(readBackFields).meta({
  id: 'PutContact',
  example: { email: 'shopper@example.com', attributes: { firstName: 'Ada' }, locale: 'en' },
  description: 'A complete contact: fields that are left out are removed',
})

const patchFields = {
  kind: z.enum(['contact', 'lead']).optional(),
  account: textShape(200).nullish(),
  email: addressShape.nullish(),
  phone: textShape(40).nullish().meta({ description: 'E.164', example: '+431234567' }),
  addresses: z
    .record(keyShape, addressShape.nullable())
    .nullish()
    .meta({ description: 'Addresses on further channels' }),
  postalAddress: z.union([textShape(500), z.record(z.string().max(50), partShape.nullable())]).nullish(),
  attributes: payloadShape.nullish().meta({ description: 'Merged member by member; null removes a member' }),
  locale: localeShape.nullish(),
  timeZone: timeZoneShape.nullish(),
}

/** Changes to a contact, as a JSON merge patch (RFC 7396). */
export type ContactPatch = z.infer<z.ZodObject<typeof patchFields>>

/** Body of a `PATCH`. */
export const contactPatchShape = z.strictObject({ ...patchFields, ...readBackFields }).meta({
  id: 'PatchContact',
  example: { attributes: { plan: 'gold', trialEnds: null } },
  description:
    'Changes to a contact, as a JSON merge patch (RFC 7396): fields that are left out stay, and null removes a field',
})

/**
 * How a trigger names its contact: by external id, or else by e-mail address, or else by phone number. The other fields
 * change the contact as a `PATCH` would, if the trigger's definition has `createContact`.
 */
export const triggerContactShape = z
  .strictObject({ externalId: textShape(200).optional(), ...patchFields })
  .refine(
    ({ externalId, email, phone }) => (externalId ?? email ?? phone ?? null) !== null,
    coded('one-of-these', 'Name the contact by externalId, email or phone.'),
  )
  .meta({
    id: 'TriggerContact',
    example: { externalId: 'c-1001' },
    description:
      'The contact, by external id, e-mail address or phone number; if the definition has `createContact`, further fields change the contact',
  })
export type TriggerContact = z.infer<typeof triggerContactShape>

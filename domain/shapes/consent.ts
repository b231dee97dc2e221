/** Request bodies with which systems record and check consents. */
import { z } from 'zod'
import { sourceKinds } from '../ledger/event.ts'
import { outsideSourceKinds } from '../ledger/sources.ts'
import {
  contactPointShape,
  instantShape,
  keyShape,
  lineShape,
  payloadShape,
  textShape,
} from './primitives.ts'

const noticeShape = z
  .strictObject({
    id: lineShape(100),
    version: lineShape(50),
    language: lineShape(35),
    wording: textShape(20_000).meta({ description: 'Exact wording the person saw' }),
  })
  .meta({ id: 'Notice', description: 'The wording a person agreed to' })
export type Notice = z.infer<typeof noticeShape>

const evidenceShape = z
  .strictObject({
    pageUrl: z.url().max(2000).optional(),
    ip: z.union([z.ipv4(), z.ipv6()]).optional(),
    userAgent: textShape(1000).optional(),
    formVersion: lineShape(100).optional(),
    defaultState: z
      .enum(['ticked', 'unticked'])
      .optional()
      .meta({ description: 'Default state of the control' }),
    jurisdiction: lineShape(100).optional(),
    controller: lineShape(200).optional(),
    lawfulBasis: z
      .enum(['consent', 'soft-opt-in', 'contract', 'legitimate-interest', 'legal-obligation'])
      .optional(),
    expiresAt: instantShape.optional().meta({ description: 'End of an opt-in' }),
    onBehalfOf: textShape(200).optional().meta({ description: 'Your user who recorded it' }),
    more: payloadShape.optional().meta({ description: 'Any other evidence; stored encrypted' }),
  })
  .meta({
    id: 'Evidence',
    description: 'What proves the statement; free text, URL, IP address and user agent are stored encrypted',
  })
export type Evidence = z.infer<typeof evidenceShape>

/** For the API reference: a complete example that would be accepted. */
const consentExample = {
  contactPoint: { channel: 'email', address: 'shopper@example.com' },
  purpose: 'marketing',
  topic: 'newsletter',
  state: 'opted-in',
  source: { kind: 'api' },
  circumstances: 'ticked the unticked newsletter box of the check-out form',
  notice: { id: 'check-out', version: '3', language: 'en', wording: 'Yes, send me the newsletter.' },
} as const

export const consentShape = z
  .strictObject({
    contactPoint: contactPointShape,
    purpose: z
      .union([keyShape, z.literal('*')])
      .meta({ description: 'Purpose key; `*` (everything) only with `opted-out`' }),
    topic: keyShape.optional(),
    state: z.enum(['opted-in', 'opted-out']),
    occurredAt: instantShape.optional(),
    source: z.strictObject({
      kind: z.enum(sourceKinds).meta({
        // All are parsed, so that a reserved one is refused by its own code; only these are offered.
        override: { enum: [...outsideSourceKinds] },
        description: 'Where it came from. Sources that mean Assent itself are refused (`reserved-source`)',
      }),
      via: z.enum(['branch', 'phone', 'letter']).optional(),
      reference: textShape(500).optional(),
    }),
    circumstances: textShape(5000).optional().meta({ description: 'How it came about, in words' }),
    notice: noticeShape.optional(),
    evidence: evidenceShape.optional(),
  })
  .meta({
    id: 'ConsentStatement',
    example: consentExample,
    description: 'One statement about one contact point, purpose and perhaps topic',
  })
export type ConsentStatement = z.infer<typeof consentShape>

export const consentCheckShape = z
  .strictObject({
    contactPoint: contactPointShape,
    purpose: keyShape,
    topic: keyShape.optional(),
    asOf: instantShape
      .optional()
      .meta({ description: 'State at this time, counting what had happened by then' }),
    knownAt: instantShape
      .optional()
      .meta({ description: 'State as known at this time, counting what had been recorded by then' }),
  })
  .meta({ id: 'ConsentCheck', description: 'The message that you intend to send' })
export type ConsentCheck = z.infer<typeof consentCheckShape>

export const doubleOptInShape = z
  .strictObject({
    contactPoint: contactPointShape,
    profile: keyShape.default('default'),
    grants: z
      .array(z.strictObject({ purpose: keyShape, topic: keyShape.optional() }))
      .min(1)
      .max(50)
      .meta({ description: 'Exactly what was ticked' }),
    contact: z
      .strictObject({ externalId: textShape(200) })
      .optional()
      .meta({
        description:
          'The contact that asks, if several share the address. The confirmation starts journeys for this contact; if left out, for the oldest',
      }),
    circumstances: textShape(5000).optional(),
    notice: noticeShape.optional(),
    evidence: evidenceShape.optional(),
  })
  .meta({
    id: 'DoubleOptInRequest',
    description: "A person's own request, which they confirm from their mailbox",
  })
export type DoubleOptInInput = z.infer<typeof doubleOptInShape>

export const verifyShape = z
  .strictObject({ contactPoint: contactPointShape.optional() })
  .meta({ id: 'VerifyRequest', description: 'One contact point, or all' })

/** What the consent routes answer, as shapes of the OpenAPI document. */
import { z } from 'zod'
import { recordedDecisionInput } from '../../domain/consent/recorded.ts'
import { decisionReasonKeys, trackingReasonKeys } from '../../domain/consent/types.ts'

const hash = z.string().meta({ description: 'SHA-256, lower-case hex' })
const moment = z.string().meta({ description: 'RFC 3339, UTC' })

/** The address is left out on purpose: answers are remembered under an Idempotency-Key. */
export const recordedEventShape = z
  .object({
    id: z.string(),
    contactPoint: z.object({ id: z.string(), channel: z.string() }),
    seq: z.number().int().meta({ description: "Place in the contact point's chain, from 1" }),
    purpose: z.string(),
    topic: z.string().nullable(),
    state: z.enum(['opted-in', 'opted-out']).nullable(),
    occurredAt: moment,
    recordedAt: moment,
    flags: z.array(z.string()).meta({
      description:
        'What an opt-out lacked: `no-circumstances`, `no-date`, `no-notice`; or `not-sealed`: its evidence could not be encrypted',
    }),
    hash,
    previousHash: hash,
  })
  .meta({ id: 'ConsentEvent', description: 'A statement as it was recorded in the ledger' })

export const consentStatesShape = z
  .object({
    contactPoint: z.object({
      channel: z.string(),
      address: z.string().meta({ description: 'Normalised' }),
      id: z.string().nullable().meta({ description: 'Null: nothing is known of this address' }),
    }),
    states: z.array(
      z.object({
        purpose: z.string(),
        topic: z.string().nullable(),
        state: z.enum(['opted-in', 'opted-out', 'none']),
        pending: z
          .literal(true)
          .optional()
          .meta({ description: 'A double opt-in waits for its confirmation' }),
        since: moment.nullable(),
        event: z.string().nullable().meta({ description: 'Ledger event that gave the state' }),
        expiresAt: moment.optional().meta({ description: 'End of a standing opt-in' }),
      }),
    ),
  })
  .meta({ id: 'ConsentStates', description: 'How an address stands to every purpose and topic' })

export const consentDecisionShape = z
  .object({
    verdict: z.enum(['allow', 'block']),
    reason: z.enum(decisionReasonKeys),
    explanation: z.string().meta({ description: 'The reason in a sentence' }),
    tracking: z.object({ allowed: z.boolean(), reason: z.enum(trackingReasonKeys), explanation: z.string() }),
    basis: z.array(z.string()).meta({ description: 'Ledger events that verdict and tracking rest on' }),
    policyVersion: z.number().int(),
    inputs: recordedDecisionInput.meta({
      description: 'All that was decided upon: the same inputs give the same verdict',
    }),
  })
  .meta({ id: 'ConsentDecision', description: 'The decision on one intended message, explained' })

const report = {
  contactPoints: z.number().int(),
  events: z.number().int(),
  firstBreak: z
    .object({
      contactPoint: z.string(),
      seq: z.number().int(),
      event: z.string().nullable(),
      problem: z.string().meta({ description: 'e.g. `hash-mismatch`, `projection-differs`, `head-differs`' }),
    })
    .nullable(),
  states: z.object({
    checked: z.number().int(),
    firstDifference: z
      .object({ contactPoint: z.string(), purpose: z.string().nullable(), topic: z.string().nullable() })
      .nullable(),
  }),
}

export const verificationReportShape = z
  .object(report)
  .meta({ id: 'VerificationReport', description: 'Chains and derived state, with the first break of each' })

export const requestedVerificationShape = z.object({ id: z.string(), state: z.literal('waiting') }).meta({
  id: 'RequestedVerification',
  description: 'Asked for; `GET /v1/consents/verifications/{id}` shows it',
})

export const verificationShape = z
  .object({
    id: z.string(),
    state: z.enum(['waiting', 'running', 'finished', 'failed']).meta({
      description: '`failed`: ranges could not be read many times in a row, the log says why; ask anew',
    }),
    requestedAt: moment,
    startedAt: moment.nullable(),
    finishedAt: moment.nullable(),
    contactPointsExpected: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'An estimate, to compare `contactPoints` with; null where there is none' }),
    ...report,
  })
  .meta({
    id: 'LedgerVerification',
    description: 'A verification of the whole ledger: the counts so far, and the first break of each kind',
  })

export const evidencePackShape = z
  .object({
    generatedAt: moment,
    contactPoint: z.object({ id: z.string(), channel: z.string(), address: z.string(), createdAt: moment }),
    verification: z.looseObject({ events: z.number().int() }),
    events: z.array(z.looseObject({ id: z.string(), hash, previousHash: hash, bytes: z.string() })),
    doubleOptIns: z.array(z.looseObject({ id: z.string() })),
    suppressions: z.array(z.looseObject({ id: z.string() })),
    deliveries: z.array(z.looseObject({ id: z.string() })),
  })
  .meta({ id: 'EvidencePack', description: 'All that proves the consents of one address' })

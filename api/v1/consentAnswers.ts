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
    seq: z.number().int().meta({ description: "Number in the contact point's chain, from 1" }),
    purpose: z.string(),
    topic: z.string().nullable(),
    state: z.enum(['opted-in', 'opted-out']).nullable(),
    occurredAt: moment,
    recordedAt: moment,
    flags: z.array(z.string()).meta({
      description:
        'What was missing from an opt-out: `no-circumstances`, `no-date`, `no-notice`; or `not-sealed`: its evidence could not be encrypted and was not stored',
    }),
    hash,
    previousHash: hash,
  })
  .meta({ id: 'ConsentEvent', description: 'A consent event as it was recorded in the ledger' })

export const consentStatesShape = z
  .object({
    contactPoint: z.object({
      channel: z.string(),
      address: z.string().meta({ description: 'Normalised' }),
      id: z.string().nullable().meta({ description: 'Null if Assent does not know this address' }),
    }),
    states: z.array(
      z.object({
        purpose: z.string(),
        topic: z.string().nullable(),
        state: z.enum(['opted-in', 'opted-out', 'none']),
        pending: z
          .literal(true)
          .optional()
          .meta({ description: 'A double opt-in is waiting for its confirmation' }),
        since: moment.nullable(),
        event: z.string().nullable().meta({ description: 'Id of the consent event that led to the state' }),
        expiresAt: moment.optional().meta({ description: 'When the opt-in ends' }),
      }),
    ),
  })
  .meta({ id: 'ConsentStates', description: 'The consent states of an address for every purpose and topic' })

export const consentDecisionShape = z
  .object({
    verdict: z.enum(['allow', 'block']),
    reason: z.enum(decisionReasonKeys),
    explanation: z.string().meta({ description: 'The reason in a sentence' }),
    tracking: z.object({ allowed: z.boolean(), reason: z.enum(trackingReasonKeys), explanation: z.string() }),
    basis: z
      .array(z.string())
      .meta({ description: 'Ids of the consent events on which verdict and tracking are based' }),
    policyVersion: z.number().int(),
    inputs: recordedDecisionInput.meta({
      description: 'Everything the decision is based on; the same inputs give the same verdict',
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
  description: 'It will begin soon; `GET /v1/consents/verifications/{id}` shows it',
})

export const verificationShape = z
  .object({
    id: z.string(),
    state: z.enum(['waiting', 'running', 'finished', 'failed']).meta({
      description:
        '`failed`: parts of the ledger could not be read many times in a row. The log says why; request it again',
    }),
    requestedAt: moment,
    startedAt: moment.nullable(),
    finishedAt: moment.nullable(),
    contactPointsExpected: z.number().int().nullable().meta({
      description: 'An estimate of the total, to compare with `contactPoints`; null if there is none',
    }),
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

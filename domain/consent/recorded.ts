/**
 * Reads stored decision inputs and decisions: from a delivery's row or a workflow history.
 * Strict, so that a record that lost or gained a member is rejected instead of decided upon.
 */
import { z } from 'zod'
import {
  type Decision,
  type DecisionInput,
  decisionReasonKeys,
  type Entry,
  type Standing,
  trackingReasonKeys,
} from './types.ts'

const instantText = z.iso.datetime({ offset: true })
const kind = z.enum(['commercial', 'transactional', 'tracking'])
const enforcement = z.enum(['restrictive', 'non-restrictive'])

const standingShape = z.strictObject({
  state: z.enum(['opted-in', 'opted-out', 'none']),
  by: z.enum(['own', 'purpose', 'everything']).nullable(),
  since: instantText.nullable(),
  events: z.array(z.string()),
  expiresAt: instantText.nullable(),
  pending: z.boolean(),
}) satisfies z.ZodType<Standing>

/** One entry of the standings, as stored beside the ledger. */
export const recordedEntry = z.strictObject({
  purpose: z.string(),
  topic: z.string().nullable(),
  newest: z
    .strictObject({
      state: z.enum(['opted-in', 'opted-out']),
      at: instantText,
      seq: z.int(),
      event: z.string(),
      expiresAt: instantText.nullable(),
    })
    .nullable(),
  newestOptOut: z.strictObject({ at: instantText, seq: z.int(), event: z.string() }).nullable(),
  pending: z.array(z.strictObject({ doubleOptIn: z.string(), event: z.string(), since: instantText })),
}) satisfies z.ZodType<Entry>

/** The inputs of a decision, ids and keys only. */
export const recordedDecisionInput = z.strictObject({
  policyVersion: z.literal(1),
  now: instantText,
  channel: z.strictObject({ key: z.string(), known: z.boolean() }),
  contactPoint: z.strictObject({ id: z.string().nullable(), seq: z.int().nonnegative() }),
  purpose: z.discriminatedUnion('known', [
    z.strictObject({ key: z.string(), known: z.literal(false) }),
    z.strictObject({
      key: z.string(),
      known: z.literal(true),
      version: z.int(),
      profile: z.string(),
      kind,
      enforcement,
    }),
  ]),
  topic: z.strictObject({ key: z.string(), known: z.boolean() }).nullable(),
  standing: z.strictObject({ purpose: standingShape, topic: standingShape.nullable() }),
  suppressions: z.array(
    z.strictObject({ id: z.string(), kind: z.enum(['hard-bounced', 'invalid', 'complained', 'erased']) }),
  ),
  tracking: z.strictObject({
    messageAllows: z.boolean(),
    profileVersion: z.int().nullable(),
    purpose: z.strictObject({ key: z.string(), known: z.boolean(), enforcement, kind }).nullable(),
    default: z.enum(['track', 'do-not-track']),
    standing: standingShape,
  }),
}) satisfies z.ZodType<DecisionInput>

/** The decision that was taken on them. */
export const recordedDecision = z.strictObject({
  verdict: z.enum(['allow', 'block']),
  reason: z.enum(decisionReasonKeys),
  tracking: z.strictObject({ allowed: z.boolean(), reason: z.enum(trackingReasonKeys) }),
  basis: z.array(z.string()),
  policyVersion: z.literal(1),
}) satisfies z.ZodType<Decision>

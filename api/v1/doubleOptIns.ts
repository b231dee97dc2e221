/** Double opt-ins: requested by a system on a person's behalf, and their state. */
import { z } from 'zod'
import { doubleOptInShape } from '../../domain/shapes/consent.ts'
import { idShape } from '../../domain/shapes/primitives.ts'
import { requestDoubleOptIn } from '../../transactions/doubleOptIns/requestDoubleOptIn.ts'
import { getDoubleOptIn } from '../../views/doubleOptIns.ts'
import { addressCodes } from '../codes.ts'
import { type Route, route } from '../routing.ts'

const tag = 'Double opt-in'

const requestView = z
  .object({
    id: z.string(),
    state: z.enum(['pending', 'confirmed', 'expired', 'withdrawn']),
    profile: z.string(),
    workflowId: z.string().meta({ description: 'Id of its workflow in Temporal' }),
    grants: z.array(z.object({ purpose: z.string(), topic: z.string().nullable() })),
    contactPoint: z.object({ channel: z.string(), id: z.string() }),
    requestedAt: z.string(),
    expiresAt: z.string(),
    settledAt: z.string().nullable(),
    mails: z.array(
      z.object({
        delivery: z.string(),
        state: z.string(),
        at: z.string().meta({ description: 'When the mail reached this state' }),
      }),
    ),
  })
  .meta({ id: 'DoubleOptIn', description: 'A request for double opt-in and the mails sent for it' })

export const doubleOptInRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/double-opt-ins',
    operationId: 'requestDoubleOptIn',
    refuses: [
      ...addressCodes,
      'double-opt-in-unsupported',
      'double-opt-in-not-set',
      'unknown-profile',
      'unknown-purpose',
      'unknown-topic',
      'unknown-message',
      'wrong-purpose',
      'no-consent-needed',
      'contact-without-this-address',
      'contact-point-erased',
      'evidence-key-unavailable',
    ],
    tag,
    summary: 'Request a double opt-in for a person who asked for it',
    description:
      'Sends a mail with a link for confirming. If the same request is already pending, the mail is sent again, within limits, and nothing else changes.',
    scopes: ['consents'],
    body: doubleOptInShape,
    responses: {
      202: {
        description: 'Requested',
        schema: z
          .object({ id: z.string(), state: z.literal('pending'), workflowId: z.string() })
          .meta({ id: 'RequestedDoubleOptIn' }),
      },
    },
    creates: true,
    handle: async ({ body, caller, deps }) => {
      return { status: 202, body: await requestDoubleOptIn(deps, body, { caller: caller.id }) }
    },
  }),
  route({
    method: 'get',
    path: '/v1/double-opt-ins/{id}',
    operationId: 'getDoubleOptIn',
    refuses: ['double-opt-in-not-found'],
    tag,
    summary: 'A double opt-in and its mails',
    scopes: ['consents', 'read'],
    params: z.object({ id: idShape }),
    responses: { 200: { description: 'The request', schema: requestView } },
    handle: async ({ params, deps }) => ({ status: 200, body: await getDoubleOptIn(deps.db, params.id) }),
  }),
]

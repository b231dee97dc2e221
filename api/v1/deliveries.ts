/**
 * Deliveries: why was this sent, or held back? And what operators do about those that are held, or whose outcome is
 * unknown.
 */
import { z } from 'zod'
import 'zod-openapi'
import { deliveryStates } from '../../domain/delivery/states.ts'
import { idShape, keyShape, lineShape } from '../../domain/shapes/primitives.ts'
import { releaseDelivery } from '../../transactions/deliveries/releaseDelivery.ts'
import { settleByHand } from '../../transactions/deliveries/settleByHand.ts'
import { getDelivery, listDeliveries } from '../../views/deliveries.ts'
import { pageById } from '../../views/page.ts'
import { periodQuery } from '../../views/walk.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'

const byId = z.object({ id: idShape })
const deliveryShape = z
  .looseObject({
    id: z.uuid(),
    state: z.enum(deliveryStates),
    reason: z.string().nullable().meta({ description: 'Why, as a code' }),
    explanation: z.string().meta({ description: 'The outcome and its reason, in a sentence' }),
    run: z.uuid().nullable().meta({ description: 'Id of the run that it belongs to' }),
    message: z.string(),
    messageVersion: z.number().int().nullable(),
    decision: z
      .looseObject({ verdict: z.enum(['allow', 'block']), reason: z.string(), explanation: z.string() })
      .nullable()
      .meta({ description: 'The decision, explained as by `POST /v1/consents/check`' }),
    decisionInput: z.unknown(),
    providerAnswer: z.unknown(),
    settledByHand: z.object({ by: z.string(), at: z.string(), reason: z.string() }).nullable().meta({
      description: 'What a person recorded about an unknown outcome; `by` is the id of their API key',
    }),
  })
  .meta({
    id: 'Delivery',
    description: 'One message to one contact point, with its decision and outcome',
  })

const settling = z
  .strictObject({
    state: z.enum(['sent', 'failed']).meta({ description: 'The outcome' }),
    reason: lineShape(500).meta({
      description: 'How you know the outcome; no personal data',
      example: 'The mail server logged it as delivered',
    }),
  })
  .meta({
    id: 'DeliverySettlement',
    description: 'What a person found out about an unknown delivery',
  })

const retryAnswer = z
  .object({ id: z.uuid() })
  .meta({ id: 'DeliveryRetry', description: 'The delivery that is tried now' })

export const deliveryRoutes: Route[] = [
  route({
    method: 'get',
    path: '/v1/deliveries/{id}',
    operationId: 'getDelivery',
    refuses: ['delivery-not-found'],
    tag: 'Deliveries',
    summary: 'Why was this sent, or held back?',
    scopes: ['journeys', 'consents', 'read'],
    params: byId,
    responses: { 200: { description: 'The delivery', schema: deliveryShape } },
    handle: async ({ params, deps }) => ({ status: 200, body: await getDelivery(deps.db, params.id) }),
  }),
  route({
    method: 'get',
    path: '/v1/deliveries',
    operationId: 'listDeliveries',
    refuses: ['invalid-cursor'],
    tag: 'Deliveries',
    summary: 'Deliveries, newest first',
    description:
      'Where a filter is common (`state` alone, for example), a page reads at most 10,000 rows. It may then have fewer items than `limit` and still have a `next`. Continue until `next` is null.',
    scopes: ['journeys', 'consents', 'read'],
    query: pageById.extend({
      contact: lineShape(200).optional().meta({ description: 'External id' }),
      run: idShape.optional(),
      message: keyShape.optional(),
      state: z.enum(deliveryStates).optional(),
      reason: lineShape(300).optional().meta({ description: 'Why, as a code', example: 'no-topic-consent' }),
      providerId: lineShape(400).optional().meta({
        description: "Message-ID of an e-mail with its angle brackets, as in the mail server's log",
      }),
      ...periodQuery,
    }),
    responses: { 200: { description: 'A page', schema: listShape('DeliveryList', deliveryShape) } },
    handle: async ({ query, deps }) => ({ status: 200, body: await listDeliveries(deps.db, query) }),
  }),
  route({
    method: 'post',
    path: '/v1/deliveries/{id}/settle',
    operationId: 'settleDelivery',
    refuses: ['delivery-not-found', 'not-unknown'],
    tag: 'Deliveries',
    summary: 'Record the outcome of an unknown delivery',
    description:
      'Only for `unknown`. First search the mail server’s log for the `providerId`. The run has continued and does not move; its next wait reads the delivery again.',
    scopes: ['journeys'],
    params: byId,
    body: settling,
    responses: { 200: { description: 'Settled', schema: deliveryShape } },
    handle: async ({ params, body, caller, deps }) => {
      await settleByHand(deps, params.id, { ...body, by: caller.id })
      return { status: 200, body: await getDelivery(deps.db, params.id) }
    },
  }),
  route({
    method: 'post',
    path: '/v1/deliveries/{id}/retry',
    operationId: 'retryDelivery',
    refuses: ['delivery-not-found', 'not-held'],
    tag: 'Deliveries',
    summary: 'Try a held delivery now',
    description:
      'Only for `held`. Without this call the next attempt follows after a pause of up to ten minutes. The attempt decides again, so a consent that was withdrawn meanwhile blocks it.',
    scopes: ['journeys'],
    params: byId,
    responses: { 202: { description: 'An attempt begins', schema: retryAnswer } },
    handle: async ({ params, deps }) => {
      await releaseDelivery(deps, params.id)
      return { status: 202, body: { id: params.id } }
    },
  }),
]

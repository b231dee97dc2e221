/** Suppressions: active stops on addresses. */
import { z } from 'zod'
import { invalid } from '../../domain/refusal.ts'
import { contactPointShape } from '../../domain/shapes/primitives.ts'
import { requireChannel } from '../../transactions/deps.ts'
import { pageById, pageInBody } from '../../views/page.ts'
import { listSuppressions } from '../../views/suppressions.ts'
import { addressCodes } from '../codes.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'
import { addressOf } from './consentAddress.ts'

const listQuery = pageById.extend({
  channel: contactPointShape.shape.channel.optional(),
  address: contactPointShape.shape.address.optional().meta({ description: 'With `channel` only' }),
  lifted: z.enum(['true', 'false']).optional().meta({ description: '`true`: lifted ones as well' }),
})

const lookupShape = z
  .strictObject({
    contactPoint: contactPointShape,
    lifted: z.boolean().default(false).meta({ description: '`true`: lifted ones as well' }),
    ...pageInBody,
  })
  .meta({ id: 'SuppressionLookup', description: 'Names one contact point' })

const suppressionView = z
  .object({
    id: z.string(),
    kind: z.enum(['hard-bounced', 'invalid', 'complained', 'erased']),
    reason: z.string().nullable(),
    channel: z.string(),
    contactPoint: z
      .object({ id: z.string(), channel: z.string(), address: z.string().nullable() })
      .nullable()
      .meta({ description: 'Null if only a hash of the address is stored' }),
    since: z.string(),
    liftedAt: z.string().nullable(),
    liftedBy: z.string().nullable().meta({ description: 'Id of the consent event that lifted it' }),
  })
  .meta({ id: 'Suppression', description: 'A technical or legal stop on an address, beside consent' })

const suppressionList = listShape('SuppressionList', suppressionView)

export const suppressionRoutes: Route[] = [
  route({
    method: 'get',
    path: '/v1/suppressions',
    operationId: 'listSuppressions',
    refuses: [...addressCodes, 'invalid-cursor'],
    tag: 'Suppressions',
    summary: 'Suppressions, all or of one channel or address',
    description: '`POST /v1/suppressions/lookup` does the same without an address in the URL.',
    scopes: ['consents', 'read'],
    query: listQuery,
    responses: { 200: { description: 'A page, oldest first', schema: suppressionList } },
    handle: async ({ query, deps }) => {
      const { channel, limit, after } = query
      if (query.address !== undefined && channel === undefined) {
        throw invalid('/query/channel', 'required', 'Name the channel of the address too.')
      }
      if (channel !== undefined) requireChannel(deps, channel, '/query/channel')
      const address =
        query.address === undefined || channel === undefined
          ? undefined
          : addressOf({ channel, address: query.address }, '/query/address')
      const lifted = query.lifted === 'true'
      return {
        status: 200,
        body: await listSuppressions(deps.db, { channel, address, lifted, limit, after }),
      }
    },
  }),
  route({
    method: 'post',
    path: '/v1/suppressions/lookup',
    operationId: 'lookUpSuppressions',
    refuses: [...addressCodes, 'invalid-cursor'],
    tag: 'Suppressions',
    summary: 'Suppressions of one contact point',
    description: 'Like `GET /v1/suppressions`, but keeps addresses out of URLs and proxy logs.',
    scopes: ['consents', 'read'],
    body: lookupShape,
    reads: true,
    responses: { 200: { description: 'A page, oldest first', schema: suppressionList } },
    handle: async ({ body, deps }) => {
      const { contactPoint, ...page } = body
      const { channel } = contactPoint
      requireChannel(deps, channel, '/contactPoint/channel')
      const address = addressOf(contactPoint, '/contactPoint/address')
      return { status: 200, body: await listSuppressions(deps.db, { channel, address, ...page }) }
    },
  }),
]

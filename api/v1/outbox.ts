/** The outbox, for operators: rows that wait to be sent to Temporal, and rows that could not be sent. */
import { z } from 'zod'
import { dropParked, retryParked } from '../../transactions/parkedRows.ts'
import { listOutbox } from '../../views/outbox.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'

const rowId = z.string().regex(/^[1-9][0-9]{0,14}$/)

const query = z.object({
  state: z.enum(['waiting', 'parked']).default('parked').meta({
    description: '`waiting`: Temporal will be told soon; `parked`: failed ten times and waits for you',
  }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .meta({ description: 'Most items in one answer' }),
  after: rowId.optional().meta({ description: 'The `next` of the previous page' }),
})

const rowView = z
  .object({
    id: z.string(),
    stream: z
      .string()
      .meta({ description: 'Run, request, contact or contact point; rows of one stream are told in order' }),
    kind: z.enum(['start', 'signal', 'trigger']),
    state: z.enum(['waiting', 'parked']),
    attempts: z.number().int(),
    nextAttemptAt: z.string(),
    lastError: z.string().nullable().meta({ description: 'Kind of the last error; details are in the log' }),
    createdAt: z.string(),
  })
  .meta({ id: 'OutboxRow', description: 'Something that Temporal or the intake does not know yet' })

const params = z.object({ id: rowId })

export const outboxRoutes: Route[] = [
  route({
    method: 'get',
    path: '/v1/outbox',
    operationId: 'listOutbox',
    refuses: ['invalid-cursor'],
    tag: 'Outbox',
    summary: 'Outbox rows that are waiting or parked',
    scopes: ['admin'],
    query,
    responses: { 200: { description: 'A page, oldest first', schema: listShape('OutboxList', rowView) } },
    handle: async ({ query: { state, limit, after }, deps }) => ({
      status: 200,
      body: await listOutbox(deps.db, { state, limit, after }),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/outbox/{id}/retry',
    operationId: 'retryOutboxRow',
    refuses: ['parked-row-not-found'],
    tag: 'Outbox',
    summary: 'Try a parked row again, at once',
    scopes: ['admin'],
    params,
    responses: { 204: { description: 'It is tried again; after ten more failures it is parked again' } },
    handle: async ({ params: { id }, deps }) => {
      await retryParked(deps, Number(id))
      return { status: 204 }
    },
  }),
  route({
    method: 'delete',
    path: '/v1/outbox/{id}',
    operationId: 'dropOutboxRow',
    refuses: ['parked-row-not-found'],
    tag: 'Outbox',
    summary: 'Drop a parked row: nobody will be told about it',
    description:
      'Then later rows of its stream are told. A run whose start was dropped never begins, so cancel it.',
    scopes: ['admin'],
    params,
    responses: { 204: { description: 'Dropped' } },
    handle: async ({ params: { id }, deps }) => {
      await dropParked(deps, Number(id))
      return { status: 204 }
    },
  }),
]

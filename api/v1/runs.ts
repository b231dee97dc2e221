/** Runs: who is where in which journey, and how they got there. */
import { z } from 'zod'
import { runStates } from '../../domain/journey/runState.ts'
import { idShape, keyShape, lineShape } from '../../domain/shapes/primitives.ts'
import { retryRun } from '../../transactions/recovery/retryRun.ts'
import { cancelRun } from '../../transactions/runs/endRun.ts'
import { pageById } from '../../views/page.ts'
import { getRun, listRuns } from '../../views/runs.ts'
import { periodQuery } from '../../views/walk.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'

const byId = z.object({ id: idShape })
const runShape = z
  .object({
    id: z.uuid(),
    journey: z.string(),
    version: z.number().int(),
    contact: z.object({ id: z.uuid(), externalId: z.string().nullable() }),
    state: z.enum(runStates),
    endReason: z.string().nullable(),
    parked: z.string().nullable().meta({
      description: 'Why the run waits for an operator (`POST /v1/runs/{id}/retry`); null if it does not',
    }),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
  })
  .meta({ id: 'Run' })
const runDetailShape = runShape
  .extend({
    workflowId: z.string(),
    pathDeletedAt: z.string().nullable().meta({
      description:
        'When its path was deleted, long after its end (docs/operations.md); null if it is still there',
    }),
    waitingFor: z
      .object({
        step: z.string(),
        until: z.string().nullable(),
        why: z.enum(['wait', 'event', 'held', 'paused', 'parked']),
      })
      .nullable(),
    path: z.array(
      z.object({
        step: z.string(),
        visit: z.number().int(),
        at: z.string(),
        outcome: z.string(),
        reason: z.string().nullable().meta({
          description:
            'Why, as a code; or why conditions of the step could not be evaluated, in words of their text: `case 1: "value" (at character 9) is missing`',
        }),
        delivery: z.uuid().nullable(),
        event: z.uuid().nullable(),
      }),
    ),
  })
  .meta({ id: 'RunDetail', description: 'A run with its path' })
export const runRoutes: Route[] = [
  route({
    method: 'get',
    path: '/v1/runs/{id}',
    operationId: 'getRun',
    refuses: ['run-not-found'],
    tag: 'Runs',
    summary: 'A run with its path: each step, its time, its outcome and the reason',
    scopes: ['journeys', 'read'],
    params: byId,
    responses: { 200: { description: 'The run', schema: runDetailShape } },
    handle: async ({ params, deps }) => ({ status: 200, body: await getRun(deps.db, params.id) }),
  }),
  route({
    method: 'get',
    path: '/v1/runs',
    operationId: 'listRuns',
    refuses: ['invalid-cursor'],
    tag: 'Runs',
    summary: 'Runs, newest first',
    description:
      'With `state` alone, a page reads at most 10,000 rows of a common state. It may then have fewer items than `limit` and still have a `next`. Continue until `next` is null.',
    scopes: ['journeys', 'read'],
    query: pageById.extend({
      journey: keyShape.optional(),
      contact: lineShape(200).optional().meta({ description: 'External id' }),
      state: z.enum(runStates).optional(),
      parked: z
        .enum(['true'])
        .optional()
        .meta({ description: '`true`: only runs that wait for an operator' }),
      ...periodQuery,
    }),
    responses: { 200: { description: 'A page', schema: listShape('RunList', runShape) } },
    handle: async ({ query, deps }) => ({
      status: 200,
      body: await listRuns(deps.db, { ...query, parked: query.parked === 'true' }),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/runs/{id}/cancel',
    operationId: 'cancelRun',
    refuses: ['run-not-found', 'run-ended'],
    tag: 'Runs',
    summary: 'End a run now',
    scopes: ['journeys'],
    params: byId,
    responses: { 200: { description: 'Cancelled', schema: runDetailShape } },
    handle: async ({ params, deps }) => {
      await cancelRun(deps, params.id)
      return { status: 200, body: await getRun(deps.db, params.id) }
    },
  }),
  route({
    method: 'post',
    path: '/v1/runs/{id}/retry',
    operationId: 'retryRun',
    refuses: ['run-not-found', 'run-ended', 'run-unreadable'],
    tag: 'Runs',
    summary: 'Try a run again that is parked or makes no progress',
    scopes: ['journeys'],
    params: byId,
    responses: { 200: { description: 'It is tried again', schema: runDetailShape } },
    handle: async ({ params, deps }) => {
      await retryRun(deps, params.id)
      return { status: 200, body: await getRun(deps.db, params.id) }
    },
  }),
]

/** Triggers: one by name, or up to a thousand as lines of JSON. */
import { z } from 'zod'
import { triggerNameShape } from '../../domain/shapes/primitives.ts'
import { triggerShape } from '../../domain/shapes/trigger.ts'
import { postTrigger } from '../../transactions/intake/postTrigger.ts'
import { type Route, route } from '../routing.ts'
import { takenAnswer, takenShape } from './takenTrigger.ts'
import { lineShape, takeLines } from './triggerLines.ts'

export const triggerRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/triggers/{name}',
    operationId: 'takeTrigger',
    refuses: {
      conflict:
        'The id was used with other content, or several contacts share the address: `externalIds` lists them',
    },
    tag: 'Triggers',
    summary: 'Report what happened',
    description:
      'Answered once it is stored for good: it starts and moves journeys even if everything is killed right after. The same `id` again has no second effect and gets the first answer, whatever has changed since; with other content it is a conflict. Where the definition has `createContact`, `contact` may bring further fields: they are merged into the contact in the same transaction, and what changed is raised as business triggers.',
    scopes: ['triggers'],
    creates: true,
    params: z.object({ name: triggerNameShape }),
    body: triggerShape,
    responses: { 202: { description: 'Taken', schema: takenShape } },
    handle: async ({ params, body, caller, deps }) => ({
      status: 202,
      body: takenAnswer(await postTrigger(deps, params.name, body, caller.id)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/triggers',
    operationId: 'takeTriggers',
    tag: 'Triggers',
    summary: 'Report up to 1,000 things, a line of JSON each',
    description:
      'Each line is taken on its own, in order, and has its own result: one that is refused or fails changes nothing and does not hold up the others. Lines that were taken may be sent again with the rest: their ids make them have one effect. An `Idempotency-Key` gives each line without an id one, made of the key and the number of the line.',
    scopes: ['triggers'],
    creates: 'by-line',
    body: z.string(),
    bodyType: 'application/x-ndjson',
    responses: {
      202: {
        description: 'What became of each line',
        schema: z
          .object({ items: z.array(lineShape), taken: z.number().int(), refused: z.number().int() })
          .meta({ id: 'TakenTriggers', description: 'What became of each line' }),
      },
    },
    handle: async ({ body, caller, deps, idempotencyKey }) => {
      const items = await takeLines(deps, { text: body, caller: caller.id, idempotencyKey })
      const taken = items.filter((item) => item.taken !== undefined).length
      return { status: 202, body: { items, taken, refused: items.length - taken } }
    },
  }),
]

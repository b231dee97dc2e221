/** Triggers: one by name, or up to a thousand as lines of JSON. */
import { z } from 'zod'
import { triggerNameShape } from '../../domain/shapes/primitives.ts'
import { triggerShape } from '../../domain/shapes/trigger.ts'
import { postTrigger } from '../../transactions/intake/postTrigger.ts'
import { contactCodes, payloadCodes } from '../codes.ts'
import { type Route, route } from '../routing.ts'
import { takenAnswer, takenShape } from './takenTrigger.ts'
import { lineShape, takeLines } from './triggerLines.ts'

export const triggerRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/triggers/{name}',
    operationId: 'takeTrigger',
    refuses: [
      'trigger-not-found',
      'trigger-reserved',
      'trigger-id-reused',
      ...contactCodes,
      ...payloadCodes,
      'contact-fields-not-allowed',
      'unknown-channel',
      'too-many-addresses',
      'contact-too-large',
    ],
    tag: 'Triggers',
    summary: 'Report what happened',
    description:
      'The answer comes after the trigger is stored, so it takes effect even if every process dies right after. The same `id` again has no second effect and gets the first answer, whatever has changed since; with other content it is a conflict. If the definition has `createContact`, `contact` can have further fields. They are merged into the contact in the same transaction, and the changes raise business triggers.',
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
    refuses: ['too-many-lines'],
    tag: 'Triggers',
    summary: 'Report up to 1,000 triggers, one line of JSON each',
    description:
      'Lines are taken in order, and each has its own result. A line that is refused or fails changes nothing and does not affect the others. You can send all lines again: their ids make sure that each counts once. With an `Idempotency-Key`, each line without an id gets one that is made of the key and the line number.',
    scopes: ['triggers'],
    creates: 'by-line',
    body: z.string(),
    bodyType: 'application/x-ndjson',
    responses: {
      202: {
        description: 'The result of each line',
        schema: z
          .object({ items: z.array(lineShape), taken: z.number().int(), refused: z.number().int() })
          .meta({ id: 'TakenTriggers', description: 'The result of each line' }),
      },
    },
    handle: async ({ body, caller, deps, idempotencyKey }) => {
      const items = await takeLines(deps, { text: body, caller: caller.id, idempotencyKey })
      const taken = items.filter((item) => item.taken !== undefined).length
      return { status: 202, body: { items, taken, refused: items.length - taken } }
    },
  }),
]

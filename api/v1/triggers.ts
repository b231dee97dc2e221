/** Triggers: one by name, or up to a thousand as lines of JSON. */
import { z } from 'zod'
import { Refusal } from '../../domain/refusal.ts'
import { triggerNameShape } from '../../domain/shapes/primitives.ts'
import { triggerLineShape, triggerShape } from '../../domain/shapes/trigger.ts'
import { postTrigger } from '../../transactions/intake/postTrigger.ts'
import { problemKinds } from '../problemKinds.ts'
import { asRefusal } from '../problems.ts'
import { type Route, refuseUnreadable, route } from '../routing.ts'

const taken = z
  .object({
    event: z.uuid(),
    started: z.array(z.uuid()).meta({ description: 'Runs it started' }),
    signalled: z.array(z.uuid()).meta({ description: 'Runs it moved or ended' }),
    skipped: z.array(z.object({ journey: z.string(), code: z.literal('too-many-runs') })).meta({
      description: 'Journeys it did not enter because the contact has as many open runs there as it may (50)',
    }),
    duplicate: z.boolean().meta({ description: 'The id was known: this post had no effect' }),
  })
  .meta({ id: 'TakenTrigger', description: 'The stored event, and the runs it started and moved' })

const line = z
  .object({
    line: z.number().int(),
    status: z.number().int(),
    taken: taken.optional(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'TakenLine', description: 'What became of one line' })

const mostLines = 1_000

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
      'Answered once it is stored for good: it starts and moves journeys even if everything is killed right after. The same `id` again has no second effect.',
    scopes: ['triggers'],
    creates: true,
    params: z.object({ name: triggerNameShape }),
    body: triggerShape,
    responses: { 202: { description: 'Taken', schema: taken } },
    handle: async ({ params, body, caller, house }) => ({
      status: 202,
      body: await postTrigger(house, params.name, body, caller.id),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/triggers',
    operationId: 'takeTriggers',
    tag: 'Triggers',
    summary: 'Report up to 1,000 things, a line of JSON each',
    description:
      'Each line is taken on its own, in order; one that is refused changes nothing and does not hold up the others. Lines that were taken may be sent again with the rest: their ids make them have one effect.',
    scopes: ['triggers'],
    body: z.string(),
    bodyType: 'application/x-ndjson',
    responses: {
      202: {
        description: 'What became of each line',
        schema: z
          .object({ items: z.array(line), taken: z.number().int(), refused: z.number().int() })
          .meta({ id: 'TakenTriggers', description: 'What became of each line' }),
      },
    },
    handle: async ({ body, caller, house }) => {
      const lines = body.split(/\r?\n/).map((text, index) => ({ text, number: index + 1 }))
      const filled = lines.filter(({ text }) => text.trim() !== '')
      if (filled.length > mostLines) throw new Refusal('too-large', `at most ${mostLines} lines a request`)
      const items: z.infer<typeof line>[] = []
      for (const { text, number } of filled) {
        try {
          const said = jsonOf(text)
          refuseUnreadable(said, '')
          const { name, ...trigger } = triggerLineShape.parse(said)
          items.push({ line: number, status: 202, taken: await postTrigger(house, name, trigger, caller.id) })
        } catch (error) {
          const refusal = asRefusal(error)
          // With the database away nothing further can be taken: the caller repeats, and what was taken stays so.
          if (refusal === null || refusal.kind === 'unavailable') throw error
          items.push({
            line: number,
            status: problemKinds[refusal.kind].status,
            detail: refusal.message,
            errors: [...refusal.errors],
          })
        }
      }
      const refused = items.filter((item) => item.taken === undefined).length
      return { status: 202, body: { items, taken: items.length - refused, refused } }
    },
  }),
]

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw new Refusal('malformed', 'the line is not JSON', {
      errors: [{ pointer: '', message: 'is not JSON' }],
    })
  }
}

/** `set`: writes attributes of the contact. */
import { z } from 'zod'
import { coded, payloadShape } from '../../shapes/primitives.ts'
import { MachineError } from '../machineError.ts'
import type { Target } from '../machineTypes.ts'
import type { StepKind } from './kind.ts'
import { stepIdShape } from './parts.ts'

/** Characters of its attributes as JSON. */
const longestAttributes = 10_000

export const setShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('set'),
    attributes: payloadShape
      .refine(
        (given) => Object.keys(given).length > 0,
        coded('list-too-short', 'Name at least one attribute.'),
      )
      .refine(
        (given) => JSON.stringify(given).length <= longestAttributes,
        coded('text-too-long', `Must have at most ${longestAttributes} characters as JSON.`),
      )
      .meta({
        description: 'Constants, merged member by member as by a `PATCH` of the contact; null takes one away',
        example: { stage: 'welcomed', trialEnds: null },
      }),
  })
  .meta({ id: 'SetStep', description: 'Writes attributes of the contact, never its addresses' })

export interface SetStep extends z.output<typeof setShape> {}

export type PlanSet = { type: 'set'; next: Target }

export const set: StepKind<SetStep, PlanSet> = {
  lists: () => [],
  compile: (_step, { next }) => ({ type: 'set', next }),
  check: () => {},
  sentAfter: (_step, { sent }) => sent,
  draw: (step, pen) => {
    pen.node('box', `set ${Object.keys(step.attributes).join(', ')}`)
    pen.next()
  },
  enter: () => ({ do: 'perform' }),
  leave: ({ next }, answer, step) => {
    if (answer.type !== 'performed') throw new MachineError('wrong-outcome', step)
    if (answer.way !== null) throw new MachineError('no-such-way', step)
    return { to: next }
  },
}

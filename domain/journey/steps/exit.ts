/** `exit`: ends the run. */
import { z } from 'zod'
import { textShape } from '../../shapes/primitives.ts'
import { MachineError } from '../machineError.ts'
import type { StepKind } from './kind.ts'
import { stepIdShape } from './parts.ts'

export const exitShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('exit'),
    reason: textShape(500).exactOptional().meta({ description: 'For people: why the run ends here' }),
  })
  .meta({ id: 'ExitStep', description: 'Ends the run' })

export interface ExitStep extends z.output<typeof exitShape> {}

export type PlanExit = { type: 'exit' }

export const exit: StepKind<ExitStep, PlanExit> = {
  lists: () => [],
  compile: () => ({ type: 'exit' }),
  check: () => {},
  sentAfter: () => null,
  draw: (step, pen) => {
    pen.node('box', step.reason ? `exit: ${step.reason}` : 'exit')
    pen.exits()
  },
  enter: () => ({ do: 'end', end: { state: 'exited', reason: 'exit-step' } }),
  leave: (_plan, _answer, step) => {
    throw new MachineError('wrong-outcome', step)
  },
}
